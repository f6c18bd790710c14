/** For tests: a lab on a paper ground in a directory of its own, and Azure's official clients pointed at it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ComputeManagementClient } from '@azure/arm-compute';
import { NetworkManagementClient } from '@azure/arm-network';
import { ResourceManagementClient } from '@azure/arm-resources';
import { ClientSecretCredential } from '@azure/identity';
import { type PaperRealiser, paperRealiser } from '../ground/paper.ts';
import { type RunningLab, startLab } from '../start.ts';
import type { LoggedRequest } from '../store/requests.ts';
import { openRequestLog } from '../store/requests.ts';
import { trustAuthority } from './trust.ts';

export interface AzureFixture {
  lab: RunningLab;
  realiser: PaperRealiser;
  directory: string;
  /** What any client of Azure is given, as its options; no retries, quick polls. */
  options: { endpoint: string; retryOptions: { maxRetries: number } };
  credential(): ClientSecretCredential;
  resources(): ResourceManagementClient;
  network(): NetworkManagementClient;
  compute(): ComputeManagementClient;
  /** A bare call: what the SDKs would not send. */
  ask(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
    // biome-ignore lint/suspicious/noExplicitAny: tests read answers of many shapes
  ): Promise<{ status: number; headers: Headers; body: any }>;
  /** Follows an operation to its end. Answers its status document. */
  // biome-ignore lint/suspicious/noExplicitAny: see above
  follow(answer: { headers: Headers }): Promise<any>;
  /** Requests logged by now. */
  requests(): readonly LoggedRequest[];
  /** Closes the lab and starts it again, on the same port, on what it left. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** How often pollers ask. */
export const POLL = { updateIntervalInMs: 30 };

export async function openFixture(): Promise<AzureFixture> {
  const directory = await mkdtemp(join(tmpdir(), 'skein-azure-'));
  const realiser = paperRealiser();
  const lab = await startLab({ directory, realiser });
  await trustAuthority(lab.caFile);
  const { subscriptionId, tenantId, clientId, clientSecret } = lab.accounts.azure;
  const { azureUrl } = lab;
  let token: string | undefined;
  const fixture: AzureFixture = {
    lab,
    realiser,
    directory,
    options: { endpoint: azureUrl, retryOptions: { maxRetries: 0 } },
    credential: () =>
      new ClientSecretCredential(tenantId, clientId, clientSecret, {
        authorityHost: azureUrl,
        disableInstanceDiscovery: true,
        retryOptions: { maxRetries: 0 },
      }),
    resources: () => new ResourceManagementClient(fixture.credential(), subscriptionId, fixture.options),
    network: () => new NetworkManagementClient(fixture.credential(), subscriptionId, fixture.options),
    compute: () => new ComputeManagementClient(fixture.credential(), subscriptionId, fixture.options),
    async ask(method, path, body, headers = {}) {
      token ??= (await fixture.credential().getToken('https://management.azure.com/.default')).token;
      const url = path.startsWith('https:') ? path : `${azureUrl}/subscriptions/${subscriptionId}${path}`;
      const response = await fetch(url, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : null };
    },
    async follow(answer) {
      const url = answer.headers.get('azure-asyncoperation') ?? answer.headers.get('location') ?? '';
      for (let tries = 0; tries < 200; tries++) {
        const { status, body } = await fixture.ask('GET', url);
        if (status !== 202 && body?.status !== 'InProgress') return body;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new Error(`the operation at ${url} does not end`);
    },
    requests: () => openRequestLog(directory, () => new Date()).list(),
    async restart() {
      await fixture.lab.close();
      const ports = { aws: 0, gcp: 0, azure: Number(new URL(azureUrl).port) };
      fixture.lab = await startLab({ directory, realiser, ports });
    },
    async close() {
      await fixture.lab.close();
      await rm(directory, { recursive: true });
    },
  };
  return fixture;
}
