/** Cloud accounts of every kind: by key and keyless, verified, refused, of a limited user; a name server's too. */
import { createAccount } from '@skein/control/account/create.ts';
import { preflightAccount } from '@skein/control/account/preflight.ts';
import type { Context } from '@skein/control/context.ts';
import type { RunningLab } from '@skein/lab/start.ts';
import { at } from './at.ts';

export interface SeededAccounts {
  aws: string;
  gcp: string;
  azure: string;
  /** Its user may do nothing, and the cloud was asked so. */
  limited: string;
  /** A name server: it runs no machines. */
  powerdns: string;
}

/** @param clouds the lab, so that nothing here is ever asked of a real cloud */
export async function seedAccounts(context: Context, clouds: RunningLab): Promise<SeededAccounts> {
  const { awsUrl, gcpUrl, azureUrl } = clouds;
  const aws = await createAccount(context, {
    provider: 'aws',
    name: 'AWS, production',
    endpoint: awsUrl,
    credentials: clouds.accounts.aws,
  });
  const gcp = await createAccount(context, {
    provider: 'gcp',
    name: 'Google Cloud, development',
    endpoint: gcpUrl,
    credentials: { project_id: 'shop-dev', client_email: 'skein@shop-dev.example', private_key: 'not-a-key' },
  });
  const azure = await createAccount(context, {
    provider: 'azure',
    name: 'Azure, analytics',
    endpoint: azureUrl,
    credentials: clouds.accounts.azure,
  });
  const limited = await createAccount(context, {
    provider: 'aws',
    name: 'AWS, limited',
    endpoint: awsUrl,
    credentials: clouds.limited.aws,
  });
  const role = await createAccount(context, {
    provider: 'aws',
    name: 'AWS, by role',
    endpoint: awsUrl,
    credentials: { roleArn: 'arn:aws:iam::000000000000:role/skein' },
  });
  const powerdns = await createAccount(context, {
    provider: 'powerdns',
    name: 'Own name server',
    credentials: { url: 'http://192.0.2.53:8081', apiKey: 'not-a-key', serverId: 'localhost' },
  });
  const say = (id: string, data: { identity?: string; problem?: string }) =>
    context.database.cloudAccount.update({
      where: { id, organizationId: context.actor.organizationId },
      data: { ...data, ...(data.identity && { verifiedAt: at(900) }) },
    });
  await say(aws.id, { identity: 'arn:aws:iam::000000000000:user/skein' });
  await say(gcp.id, { problem: 'Google Cloud says that this key was disabled. Make a new one.' });
  await say(azure.id, { identity: 'application 6f1c2d90-3b44-4c58-9d0e-7a1b5c8e2f10 of the lab' });
  await say(role.id, {
    identity: 'arn:aws:sts::000000000000:assumed-role/skein/skein-org_0123456789abcdef0123',
  });
  await preflightAccount(context, { id: limited.id, region: 'us-west-2', nodes: 3 });
  return { aws: aws.id, gcp: gcp.id, azure: azure.id, limited: limited.id, powerdns: powerdns.id };
}
