import { describe, expect, it } from 'vitest';
import { asIpPermissions, heldIngress } from './ingress.ts';

describe('heldIngress', () => {
  it('reads plain rules and keeps apart what it cannot say', () => {
    const held = heldIngress([
      {
        IpProtocol: 'udp',
        FromPort: 51820,
        ToPort: 51820,
        IpRanges: [{ CidrIp: '1.1.1.1/32', Description: 'gw' }, { CidrIp: '2.2.2.2/32' }],
        Ipv6Ranges: [{ CidrIpv6: '::/0' }],
        UserIdGroupPairs: [{ GroupId: 'sg-1', UserId: '123' }],
      },
      { IpProtocol: '-1', IpRanges: [{ CidrIp: '10.0.0.0/8' }] },
      {
        IpProtocol: 'icmp',
        FromPort: -1,
        ToPort: -1,
        IpRanges: [{ CidrIp: '0.0.0.0/0', Description: 'ping' }],
      },
    ]);
    const place = { IpProtocol: 'udp', FromPort: 51820, ToPort: 51820 };
    expect(held).toEqual({
      permissions: [
        { protocol: 'udp', fromPort: 51820, toPort: 51820, cidr: '1.1.1.1/32', description: 'gw' },
        { protocol: 'udp', fromPort: 51820, toPort: 51820, cidr: '2.2.2.2/32', description: '' },
      ],
      foreign: [
        { ...place, Ipv6Ranges: [{ CidrIpv6: '::/0' }] },
        { ...place, UserIdGroupPairs: [{ GroupId: 'sg-1', UserId: '123' }] },
        { IpProtocol: '-1', IpRanges: [{ CidrIp: '10.0.0.0/8' }] },
        { IpProtocol: 'icmp', FromPort: -1, ToPort: -1, IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
      ],
    });
  });
});

describe('asIpPermissions', () => {
  it('writes one entry a permission and a description that AWS takes', () => {
    const one = {
      protocol: 'tcp' as const,
      fromPort: 1,
      toPort: 2,
      cidr: '1.1.1.1/32',
      description: 'gateways’ “own” port',
    };
    expect(asIpPermissions([one])).toEqual([
      {
        IpProtocol: 'tcp',
        FromPort: 1,
        ToPort: 2,
        IpRanges: [{ CidrIp: '1.1.1.1/32', Description: 'gateways   own  port' }],
      },
    ]);
  });
});
