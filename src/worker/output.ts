// The output of one run: text and bytes, in the order in which they were written, cut at the configured limit.
import { TextDecoder } from 'node:util';
import { storable } from '../db/storable.ts';

export class Output {
  readonly #most: number;
  /** Made when bytes are written: most outputs are text. */
  #decoder: TextDecoder | undefined;
  readonly #parts: string[] = [];
  #half = '';
  #kept = 0;
  #seen = 0;
  #written = false;
  #closed = false;

  /** @param most how many bytes of UTF-8 are kept */
  constructor(most: number) {
    this.#most = most;
  }

  /** How many bytes are kept. */
  get limit(): number {
    return this.#most;
  }

  /** Whether anything was written, be it nothing at all. */
  get isWritten(): boolean {
    return this.#written;
  }

  write(chunk: string | Uint8Array): void {
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) {
      throw new TypeError(
        `write takes a string or a Uint8Array, not ${chunk === null ? 'null' : typeof chunk}.`,
      );
    }
    // Whoever writes on may do so where an error would end the process.
    if (this.#closed) return;
    this.#written = true;
    if (typeof chunk === 'string') {
      this.#append(chunk);
    } else {
      // Bytes may end in the middle of a character; the decoder keeps the beginning for the next chunk.
      this.#decoder ??= new TextDecoder('utf-8');
      this.#append(this.#decoder.decode(chunk, { stream: true }));
    }
  }

  #append(chunk: string): void {
    // As it will be stored, and only then counted: a NUL becomes a symbol of three bytes.
    const text = this.#join(chunk);
    const bytes = Buffer.byteLength(text);
    this.#seen += bytes;
    const room = this.#most - this.#kept;
    if (room <= 0) return;
    if (bytes <= room) {
      this.#parts.push(text);
      this.#kept += bytes;
      return;
    }
    const buffer = Buffer.from(text);
    let end = room;
    while (end > 0 && ((buffer[end] ?? 0) & 0xc0) === 0x80) end--; // not inside a character
    this.#parts.push(buffer.toString('utf8', 0, end));
    this.#kept = this.#most;
  }

  /** The storable text so far; half a surrogate pair at the end waits for its other half. */
  #join(chunk: string): string {
    const text = this.#half + chunk;
    const last = text.charCodeAt(text.length - 1);
    const isHalf = last >= 0xd800 && last <= 0xdbff;
    this.#half = isHalf ? text.slice(-1) : '';
    return storable(isHalf ? text.slice(0, -1) : text);
  }

  /** All of it as one text that Postgres takes, with a mark at the end if something was cut. */
  text(): string {
    if (this.#decoder !== undefined) this.#append(this.#decoder.decode());
    if (this.#half !== '') {
      this.#half = '';
      this.#append('\ufffd');
    }
    const cut = this.#seen > this.#most ? `\n[cut: ${this.#most} of ${this.#seen} bytes are kept]` : '';
    return this.#parts.join('') + cut;
  }

  /** All of it, null where nothing was written; what is written from now on is dropped. */
  close(): string | null {
    this.#closed = true;
    return this.#written ? this.text() : null;
  }
}
