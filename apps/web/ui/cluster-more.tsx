'use client';
/** What most clusters leave to Skein: the size of nodes, a VPC of one's own, what nodes are in their cloud. */
import type { AccountProvider } from '@skein/contract/primitive.ts';
import type { ClusterValue } from './cluster-fields.tsx';
import { TextField } from './field.tsx';

type More = Pick<ClusterValue, 'instanceType' | 'vpc' | 'subnet' | 'nodeIdentity'>;

/** Each cloud's own words. */
const WORDS: Partial<Record<AccountProvider, { vpc: string; subnet: string; identity: string }>> = {
  aws: { vpc: 'vpc-0a1b2c3d', subnet: 'subnet-0a1b2c3d', identity: 'Name of an instance profile' },
  gcp: { vpc: 'my-network', subnet: 'my-subnet', identity: 'Address of a service account' },
  azure: {
    vpc: '/subscriptions/…/virtualNetworks/my-network',
    subnet: 'default',
    identity: 'Resource id of a user-assigned managed identity',
  },
};

export function ClusterMore({
  value,
  provider,
  defaultType,
  problemOf,
  onChange,
}: {
  value: More;
  provider: AccountProvider;
  defaultType: string;
  problemOf: (field: string) => string | undefined;
  onChange: (change: Partial<More>) => void;
}) {
  const words = WORDS[provider];
  const used = value.instanceType || value.vpc || value.subnet || value.nodeIdentity;
  return (
    <details open={used !== ''}>
      <summary className="w-fit cursor-pointer text-sm text-quiet hover:text-ink">More</summary>
      <div className="mt-3 grid gap-4 sm:grid-cols-2">
        <TextField
          label="Instance type"
          value={value.instanceType}
          placeholder={defaultType}
          problem={problemOf('instanceType')}
          onChange={(event) => onChange({ instanceType: event.target.value })}
        />
        <TextField
          label="Node identity"
          value={value.nodeIdentity}
          help={words?.identity}
          problem={problemOf('nodeIdentity')}
          onChange={(event) => onChange({ nodeIdentity: event.target.value })}
        />
        <TextField
          label="Existing VPC"
          value={value.vpc}
          placeholder={words?.vpc}
          help="Skein uses it, and neither tags nor deletes it"
          problem={problemOf('existingNetwork') ?? problemOf('existingNetwork.networkId')}
          onChange={(event) => onChange({ vpc: event.target.value })}
        />
        <TextField
          label="Its subnet"
          value={value.subnet}
          placeholder={words?.subnet}
          problem={problemOf('existingNetwork.subnetId')}
          onChange={(event) => onChange({ subnet: event.target.value })}
        />
      </div>
    </details>
  );
}
