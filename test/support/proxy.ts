// A TCP proxy in front of Postgres that can do what networks and poolers do: swallow notifications, fall silent, cut.
import { once } from 'node:events';
import net from 'node:net';

export class NetworkProxy {
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  readonly url: string;
  /** Notifications do not get through, as behind a pooler that shares connections. */
  swallowNotifications = false;
  /** Nothing gets through any more, in either direction, and nobody is told. */
  silent = false;
  /** Nobody answers: who connects is cut at once. */
  away = false;

  private constructor(server: net.Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async start(target: string): Promise<NetworkProxy> {
    const { hostname, port } = new URL(target);
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = new URL(target);
    url.port = String((server.address() as net.AddressInfo).port);
    const proxy = new NetworkProxy(server, url.href);
    server.on('connection', (client) => {
      if (proxy.away) {
        client.destroy();
        return;
      }
      const backend = net.connect(Number(port), hostname);
      const filter = new NotificationFilter();
      for (const [from, to] of [
        [client, backend],
        [backend, client],
      ] as const) {
        proxy.#sockets.add(from);
        from.on('error', () => {});
        from.on('close', () => {
          proxy.#sockets.delete(from);
          if (!proxy.silent) to.destroy();
        });
        from.on('data', (chunk: Buffer) => {
          if (proxy.silent) return;
          to.write(from === backend && proxy.swallowNotifications ? filter.pass(chunk) : chunk);
        });
      }
    });
    return proxy;
  }

  /** The database goes away: its connections are cut, and no new ones are made until `away` is false again. */
  leave(): void {
    this.away = true;
    this.cut();
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Takes NotificationResponse (A) out of the stream of a backend: a type byte and a length before each message. */
class NotificationFilter {
  #rest: Buffer = Buffer.alloc(0);

  pass(chunk: Buffer): Buffer {
    let data = Buffer.concat([this.#rest, chunk]);
    const kept: Buffer[] = [];
    while (data.length >= 5 && data.length >= 1 + data.readInt32BE(1)) {
      const end = 1 + data.readInt32BE(1);
      if (data[0] !== 'A'.charCodeAt(0)) kept.push(data.subarray(0, end));
      data = data.subarray(end);
    }
    this.#rest = data;
    return Buffer.concat(kept);
  }
}
