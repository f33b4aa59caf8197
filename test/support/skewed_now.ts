// Loaded first into a process: its clock is wrong, by as many milliseconds as SKEW_MS says.
const skew = Number(process.env.SKEW_MS);
const RealDate = Date;

globalThis.Date = class extends RealDate {
  constructor(...args: unknown[]) {
    if (args.length === 0) super(RealDate.now() + skew);
    else super(...(args as [number]));
  }

  static override now(): number {
    return RealDate.now() + skew;
  }
} as DateConstructor;
