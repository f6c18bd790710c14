/** The Azure front end: Microsoft Entra and Azure Resource Manager on one https port, over the lab's state. */
import { Hono } from 'hono';
import type { Lab } from '../store/lab.ts';
import { offers } from './compute/offer.ts';
import { power } from './compute/power.ts';
import { recordLists } from './dns/record-list.ts';
import { serveEntra } from './entra/endpoint.ts';
import { openEntraState } from './entra/trust-state.ts';
import { activityLog } from './insights/activity-log.ts';
import { endpointsOf } from './kind-calls.ts';
import { KINDS } from './kinds.ts';
import { type Arm, serveArm } from './pipeline.ts';
import { groups } from './resources/group.ts';
import { lists } from './resources/list.ts';
import { operationStatus } from './resources/operation-status.ts';
import { subscriptions } from './resources/subscription.ts';
import { openAzureState } from './state.ts';
import { IDENTITY, NIC, NSG, PUBLIC_ADDRESS, SUBNET, VNET } from './type.ts';

/** Permissions that a call may need on others than its own resource. */
const LINKED = [
  `${SUBNET}/join/action`,
  `${PUBLIC_ADDRESS}/join/action`,
  `${NSG}/join/action`,
  `${NIC}/join/action`,
  `${VNET}/join/action`,
  `${VNET}/peer/action`,
  `${IDENTITY}/assign/action`,
];

/** All of Azure, to be served on one port. Its state is the store's section `azure`. */
export function azureApp(lab: Lab): Hono {
  const app = new Hono();
  const entra = openEntraState(lab.store);
  const arm: Arm = {
    lab,
    section: openAzureState(lab.store),
    endpoints: [
      ...subscriptions(
        ({ subscriptionId }) => entra.read().permissions[subscriptionId],
        () => [...new Set([...arm.endpoints.map(({ action }) => action), ...LINKED])],
      ),
      ...groups(KINDS),
      ...lists,
      ...operationStatus,
      ...activityLog,
      ...offers,
      ...power,
      ...recordLists(KINDS),
      ...KINDS.flatMap((kind) => endpointsOf(kind, KINDS)),
    ],
  };
  serveEntra(app, lab);
  app.all('*', (c) => serveArm(arm, c));
  return app;
}
