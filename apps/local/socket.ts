/** JSON over HTTP on a Unix socket: how the host's side speaks to what runs in the sealed place. */
import { request } from 'node:http';

/** @throws Error with the answer's text when its status is not 200, or after `timeoutSeconds` of silence */
export function callSocket(
  socketPath: string,
  method: string,
  path: string,
  timeoutSeconds: number,
  body?: unknown,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        // What was started again would answer on no connection of before.
        agent: false,
        socketPath,
        method,
        path,
        headers: { 'content-type': 'application/json' },
        timeout: timeoutSeconds * 1000,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          if (response.statusCode === 200) resolve(JSON.parse(text));
          else reject(new Error(`${method} ${path} was answered with ${response.statusCode}: ${text}`));
        });
      },
    );
    sent.on('timeout', () =>
      sent.destroy(new Error(`${method} ${path} was not answered in ${timeoutSeconds} s`)),
    );
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
