/**
 * The lab as a library: the clouds' front ends on HTTP ports over one realiser. `main.ts` runs it as a process;
 * tests of other rooms start it on a paper ground.
 */
import { chmod, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { openAwsAccess } from './aws/access/state.ts';
import { projectAws } from './aws/ground.ts';
import { awsApp } from './aws/server.ts';
import { openAwsState } from './aws/state.ts';
import { ensureAuthority, issueServer } from './azure/authority.ts';
import { projectAzure } from './azure/ground.ts';
import { azureApp } from './azure/server.ts';
import { openAzureState } from './azure/state.ts';
import { controlApp } from './control/app.ts';
import { converge } from './control/converge.ts';
import { openBoots } from './fault/boots.ts';
import { type FaultControl, openFaults } from './fault/faults.ts';
import { openGcpAccess } from './gcp/access/state.ts';
import { projectGcp } from './gcp/ground.ts';
import { gcpApp } from './gcp/server.ts';
import { openGcpState } from './gcp/state.ts';
import type { Ground, Realiser } from './ground/ground.ts';
import { openAccounts, serviceAccountFile } from './store/accounts.ts';
import type { Lab } from './store/lab.ts';
import { type LoggedRequest, openRequestLog } from './store/requests.ts';
import { openStore } from './store/store.ts';

export interface RunningLab {
  /** `http://host:port`, without a slash at the end. */
  awsUrl: string;
  gcpUrl: string;
  /** `https://host:port`: Azure Resource Manager and Entra. */
  azureUrl: string;
  /** The authority that `azureUrl` is signed by (PEM). */
  caFile: string;
  /** Credentials of the first account of each cloud, in the form the cloud hands them out. */
  accounts: {
    aws: { accessKeyId: string; secretAccessKey: string };
    gcp: Record<string, string>;
    azure: { tenantId: string; subscriptionId: string; clientId: string; clientSecret: string };
  };
  /** Of the first accounts too, and allowed nothing until the control API gives them a policy. */
  limited: {
    aws: { accessKeyId: string; secretAccessKey: string };
    gcp: Record<string, string>;
  };
  /** The control API, as on its socket. */
  control(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
  /** What was asked of the clouds after the request of this number, oldest first; the newest some thousands. */
  requests(after?: number): readonly LoggedRequest[];
  /** How the clouds misbehave on purpose. */
  faults: FaultControl;
  /** Resolves when somebody asks for the end through the control API. */
  shutdown: Promise<void>;
  /** Stops serving. The realiser is the caller's to close; machines go on until then. */
  close(): Promise<void>;
}

/**
 * Starts the lab on what `directory` holds, which it makes when it is missing. Ports of 0 are chosen freely. The
 * control API is served at `<directory>/control.sock`.
 */
export async function startLab(options: {
  directory: string;
  realiser: Realiser;
  ports?: { aws: number; gcp: number; azure: number };
  host?: string;
  /** The lab's clock. */
  now?: () => Date;
}): Promise<RunningLab> {
  const {
    directory,
    realiser,
    ports = { aws: 0, gcp: 0, azure: 0 },
    host = '127.0.0.1',
    now = () => new Date(),
  } = options;
  const store = openStore(join(directory, 'state'));
  const accounts = openAccounts(store);
  const machine: Lab['machine'] = (id) => realiser.status(id);
  const boots = openBoots(store, now, () => converger.changed());
  const lab: Lab = {
    store,
    requests: openRequestLog(directory, now),
    accounts,
    now,
    machine,
    faults: openFaults({ store, now, machine, boots }),
    urls: { aws: '', gcp: '', azure: '' },
  };
  const aws = openAwsState(store);
  const gcp = openGcpState(store);
  const azure = openAzureState(store);
  const project = (): Ground =>
    boots.without(
      [
        projectAws(aws.ec2.read(), aws.route53.read()),
        projectGcp(gcp.read()),
        projectAzure(azure.read()),
      ].reduce(merge),
    );
  const converger = converge(project, realiser, (error) =>
    console.error('lab: the ground could not be realised:', error),
  );

  const servers: Server[] = [];
  const finish = Promise.withResolvers<void>();
  const close = async () => {
    stopListening();
    boots.close();
    // Held calls end with their connections, and those held before their execution with nothing done.
    await Promise.all(servers.map(stop));
    await converger.close();
  };
  const stopListening = store.onChange(() => converger.changed());
  const authority = await ensureAuthority(directory);
  const control = controlApp({ lab, realiser, project, converger, shutdown: finish.resolve });
  try {
    lab.urls.aws = await serve(awsApp(lab), servers, { host, port: ports.aws });
    await serve(control, servers, { path: join(directory, 'control.sock') });
    const tls = await issueServer(authority);
    lab.urls.azure = await serve(azureApp(lab), servers, { host, port: ports.azure, tls });
    // The last door: who finds this one open finds all.
    lab.urls.gcp = await serve(gcpApp(lab), servers, { host, port: ports.gcp });
  } catch (error) {
    await close();
    throw error;
  }
  // Machines of an earlier life of this process stand again before anybody asks.
  converger.changed();

  const [firstAws, firstGcp, firstAzure] = [accounts.aws[0], accounts.gcp[0], accounts.azure[0]];
  const [limitedAws] = openAwsAccess(lab).read().users;
  const [limitedGcp] = openGcpAccess(lab).read().serviceAccounts;
  if (!firstAws || !firstGcp || !firstAzure || !limitedAws || !limitedGcp)
    throw new Error('the lab has no account');
  return {
    awsUrl: lab.urls.aws,
    gcpUrl: lab.urls.gcp,
    azureUrl: lab.urls.azure,
    caFile: authority.caFile,
    accounts: {
      aws: { accessKeyId: firstAws.accessKeyId, secretAccessKey: firstAws.secretAccessKey },
      gcp: serviceAccountFile(firstGcp, lab.urls.gcp),
      azure: {
        tenantId: firstAzure.tenantId,
        subscriptionId: firstAzure.subscriptionId,
        clientId: firstAzure.clientId,
        clientSecret: firstAzure.clientSecret,
      },
    },
    limited: {
      aws: { accessKeyId: limitedAws.accessKeyId, secretAccessKey: limitedAws.secretAccessKey },
      gcp: serviceAccountFile(limitedGcp, lab.urls.gcp),
    },
    async control(method, path, body) {
      const answer = await control.request(path, {
        method,
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      return { status: answer.status, body: await answer.json() };
    },
    requests: (after) => lab.requests.list(after),
    faults: lab.faults.control,
    shutdown: finish.promise,
    close,
  };
}

const merge = (a: Ground, b: Ground): Ground => ({
  realms: [...a.realms, ...b.realms],
  peerings: [...a.peerings, ...b.peerings],
  machines: [...a.machines, ...b.machines],
  zones: [...a.zones, ...b.zones],
});

type Where = { host: string; port: number; tls?: { cert: string; key: string } } | { path: string };

/** Serves until stopped; answers the URL. Fails when the place is taken. */
async function serve(app: Hono, servers: Server[], where: Where): Promise<string> {
  const tls = 'tls' in where ? where.tls : undefined;
  const server = createAdaptorServer(
    tls ? { fetch: app.fetch, createServer: createHttpsServer, serverOptions: tls } : { fetch: app.fetch },
  ) as Server;
  // A killed process leaves its socket behind. Nobody else serves there: the state has one process at a time.
  if ('path' in where) await rm(where.path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen('path' in where ? { path: where.path } : { host: where.host, port: where.port }, resolve);
  });
  servers.push(server);
  if ('path' in where) await chmod(where.path, 0o600);
  const address = server.address() as AddressInfo | string;
  return typeof address === 'string'
    ? address
    : `${tls ? 'https' : 'http'}://${address.address}:${address.port}`;
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
