/**
 * Guards against requests that another site makes in a signed-in browser: what changes something and comes with a
 * cookie must say that it comes from our own origin. Bearer tokens need none: no browser sends them by itself.
 */
import { Refusal } from '@skein/control/failure.ts';

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

/** The origins of the dashboard: that of its address, and its other loopback names where it is one. */
export function trustedOrigins(publicUrl: string): string[] {
  const url = new URL(publicUrl);
  if (!LOOPBACK.includes(url.hostname)) return [url.origin];
  const port = url.port === '' ? '' : `:${url.port}`;
  return [url.origin, ...LOOPBACK.map((host) => `${url.protocol}//${host}${port}`)].filter(
    (origin, at, all) => all.indexOf(origin) === at,
  );
}

/** Throws `Refusal` `forbidden` for a changing request whose `Origin` is missing or not ours. */
export function requireOwnOrigin(request: Request, origins: readonly string[]): void {
  if (request.method === 'GET' || request.method === 'HEAD') return;
  const origin = request.headers.get('origin');
  if (origin === null || !origins.includes(origin))
    throw new Refusal(
      'forbidden',
      'This request did not come from the dashboard. Send an `Origin` header with its address, or use an API token.',
    );
}
