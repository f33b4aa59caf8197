// HTTP to the server of the model, and to nothing else: no redirects, no other address, and no more bytes than an answer may have.

/** An answer that breaks the bounds; `kind` says which. */
export class BoundError extends Error {
  readonly kind: 'size' | 'address';

  constructor(kind: 'size' | 'address', message: string) {
    super(message);
    this.name = 'BoundError';
    this.kind = kind;
  }
}

export interface BoundedFetch {
  fetch: typeof fetch;
  /** The bound that was broken: whoever calls fetch may say of it only that something went wrong. */
  readonly broken: BoundError | undefined;
}

/**
 * @param base what addresses begin with; a path below it is asked for
 * @param maxBytes of a body, as it is after decompression
 */
export function boundedFetch(base: string, maxBytes: number): BoundedFetch {
  const root = new URL(base.endsWith('/') ? base : `${base}/`);
  let broken: BoundError | undefined;
  const refuse = (kind: BoundError['kind'], message: string): BoundError => {
    broken = new BoundError(kind, message);
    return broken;
  };
  return {
    get broken() {
      return broken;
    },
    async fetch(input, init) {
      const url = new URL(input instanceof Request ? input.url : input);
      if (url.origin !== root.origin || !url.pathname.startsWith(root.pathname))
        throw refuse('address', `${url.origin} is not the configured server of the model.`);
      const response = await fetch(url, { ...init, redirect: 'manual' });
      if (response.status >= 300 && response.status < 400) {
        await response.body?.cancel();
        throw refuse('address', `The server of the model answered ${response.status}: it leads elsewhere.`);
      }
      if (response.body === null) return response;
      let size = 0;
      const counted = response.body.pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform(chunk, controller) {
            size += chunk.length;
            if (size > maxBytes)
              throw refuse('size', `The answer of the model is longer than ${maxBytes} bytes.`);
            controller.enqueue(chunk);
          },
        }),
      );
      const { status, statusText, headers } = response;
      return new Response(counted, { status, statusText, headers });
    },
  };
}
