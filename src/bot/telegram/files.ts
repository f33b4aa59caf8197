// What people send as a file: fetched where the Bot API keeps it. The address has the token, so that no error may have the address.
import { type Api, TelegramApiError } from 'node-telegram-bot-api';
import type { SentFile } from '../dialogue.ts';

export interface FileSource {
  api: Api;
  /** Where the Bot API is. */
  apiRoot: string;
  token: string;
  /** How long all of it may take, in milliseconds: less than a dialogue has for an update. */
  patience?: number;
}

/** Fetches files of at most so many bytes. What the network or Telegram is at fault for is thrown, and tried again. */
export function fileFetcher({ api, apiRoot, token, patience = 10_000 }: FileSource) {
  return async (fileId: string, most: number): Promise<SentFile> => {
    const signal = AbortSignal.timeout(patience);
    try {
      const { file_path: path, file_size: size = 0 } = await api.getFile({ file_id: fileId }, signal);
      if (size > most) return { fault: 'too_large' };
      if (path === undefined) return { fault: 'gone' };
      return await fetchFile(`${apiRoot.replace(/\/+$/, '')}/file/bot${token}/${path}`, most, signal);
    } catch (error) {
      // An id that is too old, or a file that is larger than bots may fetch: trying again changes nothing.
      if (error instanceof TelegramApiError && error.errorCode === 400) return { fault: 'gone' };
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`The file cannot be fetched: ${reason.replaceAll(token, '***')}`);
    }
  };
}

async function fetchFile(url: string, most: number, signal: AbortSignal): Promise<SentFile> {
  const response = await fetch(url, { signal, redirect: 'error' });
  if (response.status === 404) return { fault: 'gone' };
  if (!response.ok) throw new Error(`Telegram answered ${response.status}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > most) return { fault: 'too_large' };
    chunks.push(chunk);
  }
  return { bytes: Buffer.concat(chunks) };
}
