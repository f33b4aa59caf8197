// HTTP to addresses that somebody else chose: public ones only. The address is checked where it is known for certain,
// at the look-up for the very connection, and for literal addresses, which are not looked up, before it; at every redirect.
import dns from 'node:dns';
import net from 'node:net';
import ipaddr from 'ipaddr.js';
import { Agent, request } from 'undici';
import { BlockedAddressError, InvalidArgumentError } from '../errors.ts';
import type { GuardedRequest, GuardedResponse } from '../task.ts';

/** Azure's metadata service: the one that lies among public addresses. */
const metadata = '168.63.129.16';

/** Whether an address is one of the public internet: not private, loopback, link-local, metadata, multicast, reserved. */
export function isPublicAddress(address: string): boolean {
  let parsed = ipaddr.parse(address);
  if (parsed instanceof ipaddr.IPv6) {
    if (parsed.isIPv4MappedAddress()) parsed = parsed.toIPv4Address();
    // ::7f00:1 was 127.0.0.1 once (RFC 4291, "IPv4-compatible"); nothing public has such an address.
    else if (parsed.parts.slice(0, 6).every((part) => part === 0)) return false;
  }
  return parsed.range() === 'unicast' && parsed.toString() !== metadata;
}

/** Reads CHIME_ALLOW_PRIVATE_HTTP: hosts, comma-separated, or * for all. */
export function allowedHosts(list: string): (host: string) => boolean {
  const hosts = new Set(
    list
      .split(',')
      .map((host) => host.trim().toLowerCase())
      .filter((host) => host !== ''),
  );
  return (host) => hosts.has('*') || hosts.has(host.toLowerCase());
}

const redirects = new Set([301, 302, 303, 307, 308]);

/** A fetch that refuses private addresses, but for hosts that `allow` lets pass. Close it when it is not needed any more. */
export class GuardedFetch {
  readonly #allow: (host: string) => boolean;
  readonly #agent: Agent;

  constructor(allow: (host: string) => boolean) {
    this.#allow = allow;
    this.#agent = new Agent({
      connections: 20,
      connect: {
        timeout: 10_000,
        lookup: (hostname, options, callback) => {
          dns.lookup(hostname, { ...options, all: true }, (error, addresses) => {
            if (error) return callback(error, []);
            // One private address among public ones is one too many: which of them is used is not ours to choose.
            const blocked = allow(hostname)
              ? undefined
              : addresses.find(({ address }) => !isPublicAddress(address));
            if (blocked !== undefined) return callback(refusal(hostname, blocked.address), []);
            return callback(null, addresses);
          });
        },
      },
    });
  }

  async fetch(target: string | URL, init: GuardedRequest = {}): Promise<GuardedResponse> {
    const { maxRedirects = 5, maxBytes = 16 * 1024 * 1024, timeoutMs = 30_000 } = init;
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(init.signal ? [init.signal] : [])]);
    let url = readUrl(target);
    let { method = 'GET', body, headers = {} } = init;
    for (let followed = 0; ; followed++) {
      this.#check(url);
      const response = await request(url, {
        dispatcher: this.#agent,
        method: method as 'GET',
        headers,
        body: body ?? null,
        signal,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
      }).catch((error: Error) => {
        throw error.cause instanceof BlockedAddressError ? error.cause : error;
      });
      const location = response.headers.location;
      if (!redirects.has(response.statusCode) || typeof location !== 'string' || maxRedirects === 0) {
        const { bytes, truncated } = await readBody(response.body, maxBytes);
        return {
          status: response.statusCode,
          headers: plainHeaders(response.headers),
          body: bytes,
          truncated,
          url: url.href,
        };
      }
      await response.body.dump();
      if (followed >= maxRedirects)
        throw new InvalidArgumentError(`More than ${maxRedirects} redirects, the last to ${location}.`);
      const next = readRedirect(location, url, followed + 1);
      // As browsers do: a redirected POST becomes a GET, but for 307 and 308; secrets do not go to another host.
      if (response.statusCode === 303 || ([301, 302].includes(response.statusCode) && method === 'POST')) {
        method = 'GET';
        body = undefined;
      }
      if (next.origin !== url.origin) headers = withoutSecrets(headers);
      url = next;
    }
  }

  #check(url: URL): void {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    if (net.isIP(host) !== 0 && !isPublicAddress(host) && !this.#allow(host)) throw refusal(host, host);
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

function refusal(host: string, address: string): BlockedAddressError {
  const what =
    host === address
      ? `${host} is not a public address`
      : `${host} is at ${address}, which is not a public address`;
  return new BlockedAddressError(`${what}.`, {
    hint: `An operator may allow it: CHIME_ALLOW_PRIVATE_HTTP=${host}`,
    detail: { host, address },
  });
}

function readUrl(target: string | URL): URL {
  let url: URL;
  try {
    url = new URL(target);
  } catch {
    throw new InvalidArgumentError(`"${String(target).slice(0, 200)}" is not a URL.`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new InvalidArgumentError(`${url.protocol} is not supported; only http: and https: are.`);
  }
  return url;
}

/** Where a redirect leads. Somebody else wrote it, so what is wrong with it says where it came from. */
function readRedirect(location: string, from: URL, step: number): URL {
  try {
    return readUrl(URL.canParse(location, from.href) ? new URL(location, from) : location);
  } catch (error) {
    throw new InvalidArgumentError(`Redirect ${step}, by ${from.href}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function readBody(
  body: AsyncIterable<Uint8Array> & { destroy(): unknown },
  most: number,
): Promise<{ bytes: Uint8Array; truncated: boolean }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    if (size + chunk.length > most) {
      chunks.push(chunk.subarray(0, most - size));
      body.destroy();
      return { bytes: Buffer.concat(chunks), truncated: true };
    }
    chunks.push(chunk);
    size += chunk.length;
  }
  return { bytes: Buffer.concat(chunks), truncated: false };
}

function plainHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}

function withoutSecrets(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !/^(authorization|cookie|proxy-authorization)$/i.test(name)),
  );
}
