/** User assigned identities: what machines may be in Azure. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { API_VERSIONS } from './catalog.ts';
import { type Kind, kind } from './kind.ts';
import { ofType } from './state.ts';
import { IDENTITY, MACHINE } from './type.ts';
import { resourceBody } from './wire/body.ts';
import { ArmError } from './wire/error.ts';

export interface Identity {
  tenantId: string;
  principalId: string;
  clientId: string;
}

const Body = resourceBody(z.looseObject({}).default({}), {});

export const identityKind: Kind = kind<z.infer<typeof Body>, Identity>({
  type: IDENTITY,
  apiVersions: API_VERSIONS.identity,
  place: 'regional',
  instant: true,
  body: Body,
  write: ({ call, guid }) => ({
    properties: {
      tenantId: call.account.tenantId,
      principalId: derived(guid, 'principal'),
      clientId: derived(guid, 'client'),
    },
  }),
  show: (it) => ({ ...it.properties }),
  holders: (it, subscription) =>
    ofType(subscription, MACHINE)
      .filter((vm) => JSON.stringify(vm.extra.identity ?? {}).includes(`"${it.id}"`))
      .map((vm) => vm.id),
  held: (it, holders) =>
    new ArmError(
      409,
      'Conflict',
      `Identity ${it.id} is assigned to ${holders.join(', ')}. Take it from there first.`,
    ),
});

const derived = (guid: string, what: string): string => {
  const hex = createHash('sha256').update(`${guid} ${what}`).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
};
