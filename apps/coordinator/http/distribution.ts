/** `/install.sh` and the agent's tarballs, from the directory that `apps/agent` builds into. */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Stands in the template for the URL that nodes reach this process at. */
export const URL_PLACEHOLDER = '@COORDINATOR_URL@';
const AGENT_FILE = /^\/agent\/(agent-linux-(?:x64|arm64)\.tar\.gz(?:\.sha256)?)$/;

/** Answers if the path is one of ours; false where it is not. HEAD is answered without a body. */
export async function serveDistribution(
  directory: string,
  coordinatorUrl: string,
  method: string,
  path: string,
  response: ServerResponse,
): Promise<boolean> {
  const file = path === '/install.sh' ? 'install.sh' : AGENT_FILE.exec(path)?.[1];
  if (!file) return false;
  const source = join(directory, file);
  const size = await stat(source).then(
    (found) => found.size,
    () => null,
  );
  if (size === null) {
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(`This coordinator has no ${file}: build the agent's distribution first.\n`);
  } else if (file === 'install.sh') {
    const text = (await readFile(source, 'utf8')).replaceAll(URL_PLACEHOLDER, () => coordinatorUrl);
    response.writeHead(200, {
      'content-type': 'text/x-shellscript; charset=utf-8',
      'content-length': Buffer.byteLength(text),
      'cache-control': 'no-store',
    });
    response.end(method === 'HEAD' ? undefined : text);
  } else {
    response.writeHead(200, {
      'content-type': file.endsWith('.sha256') ? 'text/plain; charset=utf-8' : 'application/gzip',
      'content-length': size,
    });
    if (method === 'HEAD') response.end();
    // A node that hangs up in the middle is no failure of ours.
    else await pipeline(createReadStream(source), response).catch(() => response.destroy());
  }
  return true;
}
