/**
 * The REST API: `/api/v1`, and below `/api/auth` the parts of better-auth that people's sessions need. Routes are
 * thin: authenticate, parse, call one verb of `packages/control`, answer. Runs wherever there is `fetch`.
 */
import { randomUUID } from 'node:crypto';
import { OpenAPIHono } from '@hono/zod-openapi';
import { Refusal } from '@skein/control/failure.ts';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { secureHeaders } from 'hono/secure-headers';
import { authenticate } from './auth/authenticate.ts';
import { createAuth, SERVED_AUTH_PATHS } from './auth/server.ts';
import type { ApiDependencies, ApiEnvironment } from './dependencies.ts';
import { describeSecurity, documentOf } from './document.ts';
import { problemOf, refusalOf } from './problem.ts';
import { serveApiTokens } from './route/api-token/routes.ts';
import { serveAudit } from './route/audit/routes.ts';
import { serveCloudAccounts } from './route/cloud-account/routes.ts';
import { serveClusters } from './route/cluster/routes.ts';
import { serveDrift } from './route/drift/routes.ts';
import { serveIssuer } from './route/issuer/routes.ts';
import { serveJoinTokens } from './route/join-token/routes.ts';
import { serveKubernetes } from './route/kubernetes/routes.ts';
import { serveMeshServices } from './route/mesh-service/routes.ts';
import { serveNetworks } from './route/network/routes.ts';
import { serveNetworkViews } from './route/network/views.ts';
import { serveOperations } from './route/operation/routes.ts';
import { servePathTests } from './route/path-test/routes.ts';
import { servePeers } from './route/peer/routes.ts';
import { servePolicies } from './route/policy/routes.ts';
import { serveRanges } from './route/range/routes.ts';
import { serveReachability } from './route/reachability/routes.ts';
import { serveOpenService, serveService } from './route/service/routes.ts';
import { serveSetup } from './route/setup/routes.ts';

const MOST_BODY_BYTES = 256 * 1024;

export function createApi(dependencies: ApiDependencies): Hono<ApiEnvironment> {
  const auth = createAuth(dependencies);
  const v1 = new OpenAPIHono<ApiEnvironment>({
    defaultHook: (result) => {
      if (!result.success) throw refusalOf(result.error);
    },
  });
  describeSecurity(v1);
  serveOpenService(v1, dependencies);
  serveSetup(v1, { dependencies, auth });
  v1.get('/openapi.json', (c) => c.json(documentOf(v1)));
  // Everything registered after this line is authenticated.
  v1.use(authenticate({ dependencies, auth }));
  serveService(v1);
  serveNetworks(v1);
  serveNetworkViews(v1);
  serveClusters(v1);
  serveKubernetes(v1);
  servePeers(v1);
  serveRanges(v1);
  serveMeshServices(v1);
  servePathTests(v1);
  servePolicies(v1);
  serveReachability(v1);
  serveJoinTokens(v1);
  serveCloudAccounts(v1);
  serveDrift(v1);
  serveOperations(v1);
  serveApiTokens(v1);
  serveAudit(v1);

  const app = new Hono<ApiEnvironment>();
  app.use(async (c, next) => {
    c.set('requestId', randomUUID());
    await next();
    c.header('X-Request-Id', c.var.requestId);
  });
  app.use(
    secureHeaders({
      xFrameOptions: 'DENY',
      referrerPolicy: 'no-referrer',
      strictTransportSecurity: dependencies.publicUrl.startsWith('https:') ? 'max-age=15552000' : false,
    }),
  );
  app.use(
    bodyLimit({
      maxSize: MOST_BODY_BYTES,
      onError: () => {
        throw new Refusal('invalid-request', `The body is longer than ${MOST_BODY_BYTES} bytes.`);
      },
    }),
  );
  app.use('/api/v1/*', async (c, next) => {
    await next();
    if (!c.res.headers.has('cache-control')) c.header('Cache-Control', 'no-store');
  });
  for (const path of SERVED_AUTH_PATHS)
    app.on(['GET', 'POST'], `/api/auth/${path}`, (c) => auth.handler(c.req.raw));
  serveIssuer(app, dependencies);
  app.route('/api/v1', v1);
  app.notFound(() => {
    throw new Refusal('not-found', 'There is no such address in this API.');
  });
  app.onError((error, c) => {
    const requestId = c.var.requestId;
    const problem = problemOf(error, requestId);
    if (problem.code === 'internal')
      dependencies.log({ requestId, method: c.req.method, path: c.req.path, error });
    return c.body(JSON.stringify(problem), problem.status as 400, {
      'content-type': 'application/problem+json',
    });
  });
  return app;
}
