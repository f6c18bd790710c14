/** Who calls: a bearer token if there is one, else the session cookie. Nothing is served to nobody. */
import { authenticateToken } from '@skein/control/api-token/authenticate.ts';
import type { Actor } from '@skein/control/context.ts';
import { Refusal } from '@skein/control/failure.ts';
import { actorOfUser } from '@skein/control/organization/membership.ts';
import type { MiddlewareHandler } from 'hono';
import type { ApiEnvironment, OpenContext } from '../dependencies.ts';
import { requireOwnOrigin, trustedOrigins } from './origin.ts';

/** Puts a control context with the caller as its actor into the request, or refuses with `not-authenticated`. */
export function authenticate({ dependencies, auth }: OpenContext): MiddlewareHandler<ApiEnvironment> {
  const origins = trustedOrigins(dependencies.publicUrl);
  const { publicUrl: _, masterKey: __, log: ___, ...rest } = dependencies;

  async function actorOf(request: Request): Promise<Actor> {
    const bearer = /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
    if (bearer !== undefined) {
      const actor = await authenticateToken(dependencies, bearer);
      if (actor === undefined)
        throw new Refusal('not-authenticated', 'This API token is not known, has expired or was revoked.');
      return actor;
    }
    const session = await auth.api.getSession({ headers: request.headers });
    if (session === null) throw new Refusal('not-authenticated', 'Sign in, or send an API token as bearer.');
    requireOwnOrigin(request, origins);
    const actor = await actorOfUser(dependencies, {
      userId: session.user.id,
      activeOrganizationId: session.session.activeOrganizationId ?? null,
    });
    if (actor === undefined) throw new Refusal('forbidden', 'You belong to no organization.');
    return actor;
  }

  return async (c, next) => {
    c.set('control', { ...rest, actor: await actorOf(c.req.raw) });
    await next();
  };
}
