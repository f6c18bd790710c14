/** The metadata service (169.254.169.254:80) of all machines: their edges lead it here and say by address who asks. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { type MetadataSource, metadataReply } from './metadata.ts';
import { TRANSIT } from './names.ts';

/** Listens where the edges lead to. `machineOf` answers null for who is no machine. */
export async function serveMetadata(options: {
  machineOf(address: string): MetadataSource | null;
}): Promise<{ close(): Promise<void> }> {
  const issued = new Map<string, { address: string; until: number }>();
  const server = createServer((request, response) => {
    request.resume();
    const address = request.socket.remoteAddress ?? '';
    const source = options.machineOf(address);
    if (source === null) return void response.writeHead(404).end();
    const now = performance.now();
    const { status, body, headers } = metadataReply(
      source,
      { method: request.method ?? 'GET', url: request.url ?? '/', headers: request.headers },
      {
        make(seconds) {
          for (const [token, { until }] of issued) if (until < now) issued.delete(token);
          const token = randomBytes(32).toString('base64url');
          issued.set(token, { address, until: now + seconds * 1000 });
          return token;
        },
        // A token of one machine is nothing at another's.
        holds: (token) => issued.get(token)?.address === address && (issued.get(token)?.until ?? 0) >= now,
      },
    );
    response.writeHead(status, { 'Content-Type': 'text/plain', ...headers }).end(body);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(80, TRANSIT.gateway, resolve);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
