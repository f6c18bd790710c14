/** The Google Cloud front end: Google's REST APIs on one HTTP port, over the lab's state. */
import { Hono } from 'hono';
import type { Lab } from '../store/lab.ts';
import { serveFederation } from './access/federation.ts';
import { openGcpAccess } from './access/state.ts';
import { accessConfigs } from './compute/access-config.ts';
import { addresses } from './compute/addresses.ts';
import { firewalls } from './compute/firewalls.ts';
import { instances } from './compute/instances.ts';
import { networks } from './compute/networks.ts';
import { operationMethods } from './compute/operation-methods.ts';
import { peerings } from './compute/peerings.ts';
import { places } from './compute/places.ts';
import { routes } from './compute/routes.ts';
import { subnetworks } from './compute/subnetworks.ts';
import { records } from './dns/records.ts';
import { zones } from './dns/zones.ts';
import { resourceManager, serveOauth } from './identity.ts';
import { openGcpState } from './state.ts';
import { serveBatch } from './wire/batch.ts';
import { serve } from './wire/method.ts';

/** All Google APIs of the lab, to be served on one port. Their state is the store's section `gcp`. */
export function gcpApp(lab: Lab): Hono {
  const app = new Hono();
  const section = openGcpState(lab.store);
  const access = openGcpAccess(lab);
  const methods = [
    ...networks,
    ...peerings,
    ...subnetworks,
    ...firewalls,
    ...addresses,
    ...instances,
    ...accessConfigs,
    ...routes,
    ...places,
    ...operationMethods,
    ...zones,
    ...records,
  ];
  const permissions = new Set(methods.map((each) => each.permission));
  serveOauth(app, lab, access);
  serveFederation(app, lab, access);
  serveBatch(app);
  for (const each of [...methods, ...resourceManager(permissions)])
    serve(app, lab, { section, access }, each);
  app.notFound((context) => {
    lab.requests.record({
      cloud: 'gcp',
      service: 'unknown',
      action: `${context.req.method} ${context.req.path}`,
      region: 'global',
      account: null,
      status: 404,
      error: 'notFound',
      mutating: context.req.method !== 'GET',
    });
    return context.html(notFoundPage(context.req.path), 404);
  });
  return app;
}

/** Google answers paths it does not know with a page, not with JSON. */
const notFoundPage = (path: string) =>
  `<!DOCTYPE html>\n<html lang=en>\n<title>Error 404 (Not Found)!!1</title>\n<p><b>404.</b> That’s an error.\n<p>The requested URL <code>${path.replace(/[<>&"]/g, (each) => `&#${each.charCodeAt(0)};`)}</code> was not found on this server. That’s all we know.\n`;
