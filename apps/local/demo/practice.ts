/**
 * The demo network, a practice that people really have: production and disaster recovery in two AWS regions,
 * development in Google Cloud, analytics in Azure.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { ProviderId } from '@skein/contract/primitive.ts';
import { CloudAccount } from '@skein/contract/rest/account.ts';
import { Network, NetworkPlan } from '@skein/contract/rest/network.ts';
import { Operation } from '@skein/contract/rest/operation.ts';
import { pageOf } from '@skein/contract/rest/page.ts';
import { z } from 'zod';
import type { Api } from '../api.ts';
import { INSIDE } from '../config.ts';
import type { LabAccounts } from '../lab.ts';

export const DEMO_NAME = 'shop';
export const DEMO_ZONE = 'shop.skein.test';
/** Open between the clusters beside ping; everything else is refused. */
export const DEMO_PORT = 8080;

/** Ids of the demo's cloud accounts. */
export type DemoAccounts = Record<ProviderId, string>;

/** Cloud accounts whose endpoints are the lab's, made unless accounts of these names exist. */
export async function connectLabClouds(api: Api, lab: LabAccounts): Promise<DemoAccounts> {
  const { items } = await api.call('GET', '/cloud-accounts', pageOf(CloudAccount));
  const ensure = async (name: string, provider: ProviderId, address: string, credentials: unknown) => {
    const existing = items.find((account) => account.name === name && account.provider === provider);
    if (existing) return existing.id;
    const made = await api.call('POST', '/cloud-accounts', CloudAccount, {
      name,
      provider,
      endpoint: address,
      credentials,
    });
    return made.id;
  };
  const { accessKeyId, secretAccessKey } = lab.aws[0] as LabAccounts['aws'][0];
  const { tenantId, subscriptionId, clientId, clientSecret } = lab.azure[0] as LabAccounts['azure'][0];
  const { project_id, client_email, private_key, token_uri } = lab.gcp[0] as LabAccounts['gcp'][0];
  return {
    aws: await ensure('AWS (lab)', 'aws', `http://127.0.0.1:${INSIDE.aws}`, { accessKeyId, secretAccessKey }),
    gcp: await ensure('Google Cloud (lab)', 'gcp', `http://127.0.0.1:${INSIDE.gcp}`, {
      project_id,
      client_email,
      private_key,
      token_uri,
    }),
    azure: await ensure('Azure (lab)', 'azure', `https://127.0.0.1:${INSIDE.azure}`, {
      tenantId,
      subscriptionId,
      clientId,
      clientSecret,
    }),
  };
}

/** What is sent to `POST /networks`. */
export function practice(accounts: DemoAccounts) {
  return {
    name: DEMO_NAME,
    zone: DEMO_ZONE,
    topology: 'hybrid',
    allowedPorts: [{ protocol: 'tcp', port: DEMO_PORT }],
    clusters: [
      { name: 'production', cloudAccountId: accounts.aws, region: 'us-east-1', nodes: 2 },
      { name: 'recovery', cloudAccountId: accounts.aws, region: 'us-west-2', nodes: 2 },
      { name: 'development', cloudAccountId: accounts.gcp, region: 'us-central1', nodes: 2 },
      { name: 'analytics', cloudAccountId: accounts.azure, region: 'westeurope', nodes: 2 },
    ],
  };
}

/** Plans and makes the demo network. */
export async function makePractice(api: Api, accounts: DemoAccounts) {
  const wanted = practice(accounts);
  const plan = await api.call('POST', '/networks/plan', NetworkPlan, wanted);
  const made = await api.call('POST', '/networks', z.object({ network: Network, operation: Operation }), {
    ...wanted,
    planHash: plan.hash,
  });
  return { plan, ...made };
}

const POLL_MILLISECONDS = 250;

/**
 * Waits for an operation's end and tells each step's outcome as it comes.
 * @throws Error with the failed steps' own words, or after `timeoutSeconds`.
 */
export async function followOperation(
  api: Api,
  id: string,
  timeoutSeconds: number,
  say: (line: string) => void,
): Promise<Operation> {
  const told = new Set<string>();
  const until = Date.now() + timeoutSeconds * 1000;
  for (;;) {
    const operation = await api.call('GET', `/operations/${id}`, Operation);
    for (const step of operation.steps) {
      if ((step.state !== 'succeeded' && step.state !== 'failed') || told.has(step.id + step.attempt))
        continue;
      told.add(step.id + step.attempt);
      const seconds =
        step.startedAt && step.finishedAt
          ? (Date.parse(step.finishedAt) - Date.parse(step.startedAt)) / 1000
          : 0;
      say(`${step.state === 'succeeded' ? '✓' : '✗'} ${step.title} (${seconds.toFixed(1)} s)`);
    }
    if (operation.state === 'succeeded') return operation;
    if (operation.state === 'failed' || operation.state === 'cancelled') {
      const why = operation.steps.flatMap((step) =>
        step.error ? [`${step.title}: ${step.error.message} ${step.error.remedy ?? ''}`] : [],
      );
      throw new Error(`“${operation.title}” ${operation.state}.\n${why.join('\n')}`);
    }
    if (Date.now() > until) {
      const open = operation.steps
        .filter((step) => step.state === 'running')
        .map((step) => `${step.title} (waits for ${step.waitingFor ?? 'its own end'})`);
      throw new Error(
        `“${operation.title}” did not end within ${timeoutSeconds} s. Still running: ${open.join(', ')}`,
      );
    }
    await delay(POLL_MILLISECONDS);
  }
}
