import { ProviderId } from '@skein/contract/primitive.ts';
import type { NewCluster } from '@skein/contract/rest/network.ts';
import type { Context } from '../../context.ts';
import { Refusal } from '../../failure.ts';
import { askCloud } from './ask-cloud.ts';
import type { Known } from './draft.ts';

const SECONDS = 15;

/**
 * The ranges of the VPCs that these clusters are to be put into, asked of their clouds. Throws `Refusal` where a cloud
 * does not show one: without its range nothing can be planned.
 * @param pathOf where in the request a cluster stands: `clusters.2.`, or nothing
 */
export async function lookAtExisting(
  context: Context,
  wanted: readonly NewCluster[],
  pathOf: (index: number) => string,
): Promise<Known['existing']> {
  const providers = await providersOf(context);
  const found = await Promise.all(
    wanted.map(async (cluster, index) => {
      const { name, existingNetwork: at, cloudAccountId, region } = cluster;
      // What is wrong with the account itself is told where the cluster is drafted.
      if (!at || !cloudAccountId || !ProviderId.safeParse(providers.get(cloudAccountId)).success) return [];
      const asked = await askCloud(context, { cloudAccountId, region }, SECONDS, (cloud, call) =>
        cloud.existingNetwork(at, call),
      );
      if ('answer' in asked) return [[name, { cidr: asked.answer.cidr }] as const];
      throw new Refusal('cloud-refused', `The VPC for ${name} could not be looked at. ${asked.problem}`, [
        { path: `${pathOf(index)}existingNetwork`, message: asked.problem },
      ]);
    }),
  );
  return new Map(found.flat());
}

async function providersOf(context: Context): Promise<Map<string, string>> {
  const accounts = await context.database.cloudAccount.findMany({
    where: { organizationId: context.actor.organizationId },
    select: { id: true, provider: true },
  });
  return new Map(accounts.map(({ id, provider }) => [id, provider]));
}
