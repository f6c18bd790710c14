/**
 * The lab's control API, on a Unix socket: what the clouds' own APIs do not tell. For the prover, the local command
 * and tests; it is no cloud's and needs no signature, for only the socket's owner gets in.
 */
import { Hono } from 'hono';
import { z } from 'zod';
import { openAwsAccess } from '../aws/access/state.ts';
import { awsControl } from '../aws/control.ts';
import { azureControl } from '../azure/control.ts';
import { faultRoutes } from '../fault/routes.ts';
import { openGcpAccess } from '../gcp/access/state.ts';
import { gcpControl } from '../gcp/control.ts';
import type { Ground, Realiser } from '../ground/ground.ts';
import { serviceAccountFile } from '../store/accounts.ts';
import type { Lab } from '../store/lab.ts';
import type { Converger } from './converge.ts';
import { listMachines } from './machine.ts';

const MOST_SECONDS = 600;
const runInput = z.object({
  command: z.array(z.string()).min(1),
  timeoutSeconds: z.number().positive().max(MOST_SECONDS).default(30),
  input: z.string().optional(),
});

export function controlApp(given: {
  lab: Lab;
  realiser: Realiser;
  project: () => Ground;
  converger: Converger;
  shutdown: () => void;
}): Hono {
  const { lab, realiser, project, converger } = given;
  const app = new Hono();

  app.get('/health', (c) =>
    c.json({
      ok: converger.standing().state !== 'failing' && Object.values(lab.urls).every((url) => url !== ''),
      ground: converger.standing(),
      urls: lab.urls,
    }),
  );

  app.get('/accounts', (c) =>
    c.json({
      aws: lab.accounts.aws,
      gcp: lab.accounts.gcp.map((account) => serviceAccountFile(account, lab.urls.gcp)),
      azure: lab.accounts.azure.map(({ tenantId, subscriptionId, clientId, clientSecret, objectId }) => ({
        tenantId,
        subscriptionId,
        clientId,
        clientSecret,
        objectId,
      })),
      // Who may do nothing until a policy is set.
      limited: {
        aws: openAwsAccess(lab).read().users,
        gcp: openGcpAccess(lab)
          .read()
          .serviceAccounts.map((account) => serviceAccountFile(account, lab.urls.gcp)),
      },
    }),
  );
  awsControl(app, lab);
  gcpControl(app, lab);
  azureControl(app, lab);

  /** `?after=N`: those numbered higher. */
  app.get('/requests', (c) => c.json(lab.requests.list(Number(c.req.query('after') ?? 0) || 0)));

  app.get('/machines', (c) => c.json(listMachines(lab, realiser, project())));

  app.route('/faults', faultRoutes(lab.faults.control));

  /** What was last projected for the kernel. */
  app.get('/ground', (c) => c.json(project()));

  app.post('/machines/:id/run', async (c) => {
    const input = runInput.safeParse(await c.req.json().catch(() => undefined));
    if (!input.success) return c.json({ error: z.prettifyError(input.error) }, 400);
    const id = c.req.param('id');
    if (realiser.status(id)?.state !== 'running')
      return c.json({ error: `machine ${id} is not running` }, 404);
    const { command, timeoutSeconds, input: stdin } = input.data;
    return c.json(
      await realiser.run(id, command, { timeoutSeconds, ...(stdin === undefined ? {} : { input: stdin }) }),
    );
  });

  app.post('/shutdown', (c) => {
    // After the answer is out, for its server ends too.
    setImmediate(given.shutdown);
    return c.json({ ok: true });
  });
  return app;
}
