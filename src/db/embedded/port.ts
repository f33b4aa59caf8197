import { once } from 'node:events';
import net from 'node:net';

/** A port of 127.0.0.1 that is free at the moment; `wanted`, if that one is. */
export async function freePort(wanted = 0): Promise<number> {
  const server = net.createServer().listen(wanted, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE' && wanted !== 0) return freePort();
    throw error;
  }
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
