/** The lab's control API over its socket: what only the lab's owner sets and sees. */
import { request } from 'node:http';
import { join } from 'node:path';
import type { LoggedRequest } from '@skein/lab/store/requests.ts';

/** @param directory the lab's. @throws Error with what the lab said when it refused */
export async function askControl<T>(
  directory: string,
  method: 'GET' | 'PUT' | 'POST',
  path: string,
  body?: unknown,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const sent = request(
    {
      agent: false,
      socketPath: join(directory, 'control.sock'),
      path,
      method,
      headers: { 'content-type': 'application/json' },
    },
    async (answer) => {
      let text = '';
      for await (const part of answer) text += part;
      resolve({ status: answer.statusCode ?? 0, text });
    },
  );
  sent.on('error', reject);
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  const { status, text } = await promise;
  if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${text}`);
  return JSON.parse(text) as T;
}

/** What was asked of the lab's clouds after request number `after`, oldest first. */
export const requestsAfter = (directory: string, after: number) =>
  askControl<LoggedRequest[]>(directory, 'GET', `/requests?after=${after}`);
