// The server process of a cluster as its directory shows it: its pid file, and the processes that work in it.
import { once } from 'node:events';
import fs from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedPostgresError } from '../../errors.ts';

/** Whether the server with this process number takes connections: postmaster.pid says so in its eighth line. */
export async function isReady(clusterDir: string, pid: number | undefined): Promise<boolean> {
  const lines = (await readPidFile(clusterDir)).split('\n');
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
}

function readPidFile(clusterDir: string): Promise<string> {
  return fs.readFile(path.join(clusterDir, 'postmaster.pid'), 'utf8').catch(() => '');
}

/**
 * Stops a server whose pgchime was killed: it lives on, and holds the directory. One that was killed itself leaves traces,
 * which are removed.
 */
export async function stopLeftover(clusterDir: string, platform = process.platform): Promise<void> {
  const pid = Number((await readPidFile(clusterDir)).split('\n')[0]);
  if (!(pid > 1)) return;
  if (await isServerOf(pid, clusterDir, platform)) process.kill(pid, 'SIGINT');
  // Backends outlive a server that was killed, for a moment; with them its memory is still in use.
  const deadline = performance.now() + 60_000;
  while (await isInUse(pid, clusterDir, platform)) {
    if (performance.now() > deadline) {
      throw new EmbeddedPostgresError(
        `A Postgres (process ${pid}) holds ${path.dirname(clusterDir)} and does not stop.`,
      );
    }
    await sleep(20);
  }
  // Its number may be that of a dead process that nobody has buried, or of another program: Postgres itself would give up.
  await fs.rm(path.join(clusterDir, 'postmaster.pid'), { force: true });
}

/** Whether a process is a living server of this cluster: not a zombie, not another program that got its number. */
async function isServerOf(pid: number, clusterDir: string, platform: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  // Elsewhere nothing tells where a process works: its number counts only if the port in its file answers, too.
  if (platform !== 'linux') return answers(Number((await readPidFile(clusterDir)).split('\n')[3]));
  return (await fs.readlink(`/proc/${pid}/cwd`).catch(() => '')) === clusterDir;
}

/** Whether any process, server or backend, works in this cluster. */
async function isInUse(pid: number, clusterDir: string, platform: string): Promise<boolean> {
  if (platform !== 'linux') return isServerOf(pid, clusterDir, platform);
  const processes = (await fs.readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const dirs = await Promise.all(processes.map((name) => fs.readlink(`/proc/${name}/cwd`).catch(() => '')));
  return dirs.includes(clusterDir);
}

/** Whether somebody listens on a port of this machine. */
async function answers(port: number): Promise<boolean> {
  if (!(port > 0)) return false;
  const socket = net.connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(5_000) });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
