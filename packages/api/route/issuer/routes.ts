/**
 * What clouds read to know the tokens that Skein signs: OpenID Connect Discovery and the public keys. Public, and the
 * same for everybody.
 */
import { Refusal } from '@skein/control/failure.ts';
import { openidConfiguration, publishedKeys } from '@skein/control/identity/published.ts';
import type { Hono } from 'hono';
import type { ApiDependencies, ApiEnvironment } from '../../dependencies.ts';

/** Seconds; clouds keep what they read for longer than that by themselves. */
const CACHE = 'public, max-age=300';

export function serveIssuer(app: Hono<ApiEnvironment>, dependencies: ApiDependencies): void {
  app.get('/.well-known/openid-configuration', (c) => {
    const document = openidConfiguration(dependencies.platform);
    if (!document) throw new Refusal('not-found', 'This installation has no address of its own.');
    c.header('Cache-Control', CACHE);
    return c.json(document);
  });
  app.get('/.well-known/jwks.json', async (c) => {
    c.header('Cache-Control', CACHE);
    return c.json(await publishedKeys(dependencies));
  });
}
