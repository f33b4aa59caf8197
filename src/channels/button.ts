// What stands behind a button: what to do, with what, and which state of it the button was made for; no more, so that it fits into the 64
// bytes that Telegram allows. All else is in the database.

/** A button: what is written on it, and what comes back when it is pressed, 64 bytes at most. */
export interface Button {
  label: string;
  data: string;
}

export interface Press {
  verb: string;
  /** A UUID: a schedule, a run, a conversation. */
  id: string;
  arg: string;
  /** The revision of what it was made for; empty where it does not matter. */
  rev: string;
}

const shape = /^c1:([a-z]{1,10}):([\w-]{22}):([\w./+-]{0,16}):(\w{0,8})$/;

/** A button's data: `c1:<verb>:<id>:<arg>:<rev>`, the id in 22 characters. */
export function buttonData({ verb, id, arg, rev }: Press): string {
  const data = `c1:${verb}:${Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url')}:${arg}:${rev}`;
  if (!shape.test(data)) throw new Error(`This is no data of a button: ${data}`);
  return data;
}

/** What a button's data says; undefined for what no button of ours has. */
export function readButton(data: string): Press | undefined {
  const [, verb, id, arg, rev] = shape.exec(data) ?? [];
  if (verb === undefined || id === undefined || arg === undefined || rev === undefined) return undefined;
  const hex = Buffer.from(id, 'base64url').toString('hex');
  return { verb, id: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'), arg, rev };
}
