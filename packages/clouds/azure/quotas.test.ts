import { expect, it } from 'vitest';
import { familyRoom, quotasIn } from './quotas.ts';

const usage = (value: string, currentValue: number, limit: number) => ({
  name: { value },
  currentValue,
  limit,
});

it('says what there may be and how much of it there is; of several limits the tightest', () => {
  const all = [
    usage('cores', 4, 10),
    usage('virtualMachines', 2, 25_000),
    usage('PublicIPAddresses', 3, 1000),
    usage('StandardSkuPublicIpAddresses', 3, 20),
    usage('VirtualNetworks', 1, 1000),
    usage('standardBSFamily', 4, 10),
  ];
  expect(quotasIn(all)).toEqual([
    { what: 'instances', limit: 25_000, used: 2 },
    { what: 'vcpus', limit: 10, used: 4 },
    { what: 'addresses', limit: 20, used: 3 },
    { what: 'networks', limit: 1000, used: 1 },
  ]);
  expect(familyRoom(all, 'StandardBSFamily')).toEqual({ limit: 10, used: 4 });
  expect(familyRoom(all, 'standardDSv5Family')).toBeUndefined();
});
