/** Ingress between AWS's form and ours. Pure. */
import type { IpPermission } from '@aws-sdk/client-ec2';
import type { Permission } from '../rule-set.ts';

export interface HeldIngress {
  permissions: Permission[];
  /** What our form cannot say: other protocols, IPv6, groups, prefix lists; in AWS's form, ready to be revoked. */
  foreign: IpPermission[];
}

export function heldIngress(held: readonly IpPermission[] | undefined): HeldIngress {
  const found: HeldIngress = { permissions: [], foreign: [] };
  for (const {
    IpProtocol,
    FromPort,
    ToPort,
    IpRanges,
    Ipv6Ranges,
    UserIdGroupPairs,
    PrefixListIds,
  } of held ?? []) {
    const place = {
      IpProtocol,
      ...(FromPort === undefined ? {} : { FromPort }),
      ...(ToPort === undefined ? {} : { ToPort }),
    } as IpPermission;
    const plain =
      (IpProtocol === 'udp' || IpProtocol === 'tcp') && FromPort !== undefined && ToPort !== undefined;
    for (const { CidrIp, Description } of IpRanges ?? []) {
      if (plain && CidrIp) {
        found.permissions.push({
          protocol: IpProtocol,
          fromPort: FromPort,
          toPort: ToPort,
          cidr: CidrIp,
          description: Description ?? '',
        });
      } else {
        found.foreign.push({ ...place, IpRanges: [{ CidrIp }] });
      }
    }
    if (Ipv6Ranges?.length)
      found.foreign.push({ ...place, Ipv6Ranges: Ipv6Ranges.map(({ CidrIpv6 }) => ({ CidrIpv6 })) });
    if (PrefixListIds?.length) {
      found.foreign.push({
        ...place,
        PrefixListIds: PrefixListIds.map(({ PrefixListId }) => ({ PrefixListId })),
      });
    }
    if (UserIdGroupPairs?.length) {
      found.foreign.push({
        ...place,
        UserIdGroupPairs: UserIdGroupPairs.map(({ UserId, GroupId }) => ({ UserId, GroupId })),
      });
    }
  }
  return found;
}

/** One entry a permission, so that a chunk of them is a number of rules. AWS takes few characters in a description. */
export const asIpPermissions = (permissions: readonly Permission[]): IpPermission[] =>
  permissions.map(({ protocol, fromPort, toPort, cidr, description }) => ({
    IpProtocol: protocol,
    FromPort: fromPort,
    ToPort: toPort,
    IpRanges: [
      { CidrIp: cidr, Description: description.replace(/[^\w .:/()#,@[\]+=&;{}!$*-]/g, ' ').slice(0, 255) },
    ],
  }));
