/** Faults over the control socket: showing, setting and clearing rules, and following held calls. */
import { Hono } from 'hono';
import { z } from 'zod';
import type { FaultControl } from './faults.ts';
import { FaultPlan } from './rule.ts';

const MOST_WAIT_SECONDS = 60;

export function faultRoutes(faults: FaultControl): Hono {
  const app = new Hono();
  const shown = () => ({ ...faults.bitten(), held: faults.held() });

  app.get('/', (c) => c.json(shown()));

  app.put('/', async (c) => {
    const plan = FaultPlan.safeParse(await c.req.json().catch(() => undefined));
    if (!plan.success) return c.json({ error: z.prettifyError(plan.error) }, 400);
    faults.set(plan.data.rules, plan.data.seed);
    return c.json(shown());
  });

  app.delete('/', (c) => {
    faults.clear();
    return c.json(shown());
  });

  /** `?wait=SECONDS`: answers as soon as a call is held, or then at the latest. */
  app.get('/held', async (c) => {
    const seconds = Math.min(Number(c.req.query('wait') ?? 0) || 0, MOST_WAIT_SECONDS);
    if (faults.held().length === 0 && seconds > 0)
      await new Promise<void>((resolve) => {
        const end = () => {
          stop();
          clearTimeout(timer);
          resolve();
        };
        const stop = faults.onHold(end);
        const timer = setTimeout(end, seconds * 1000);
      });
    return c.json(faults.held());
  });

  app.post('/held/:id/release', (c) => {
    const id = c.req.param('id');
    return faults.release(Number(id))
      ? c.json({ ok: true })
      : c.json({ error: `no call ${id} is held` }, 404);
  });
  return app;
}
