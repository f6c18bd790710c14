/** Every permission that the code of this folder uses, and no other, with what it is needed for. */
import type { Permission } from '@skein/clouds/provider.ts';

const WHY: Readonly<Record<string, string>> = {
  'route53:ListHostedZones': 'find the hosted zones of networks',
  'route53:ListHostedZonesByName': 'find a network’s hosted zone',
  'route53:GetHostedZone': 'read a zone’s name servers and VPCs',
  'route53:ListTagsForResources': 'know which zones are Skein’s',
  'route53:CreateHostedZone': 'make a network’s zones',
  'route53:ChangeTagsForResource': 'mark a zone as this organization’s',
  'route53:AssociateVPCWithHostedZone': 'answer a private zone in its VPC',
  'route53:DisassociateVPCFromHostedZone': 'answer a private zone in no other VPC',
  'route53:DeleteHostedZone': 'take a network’s zones away',
  'route53:GetChange': 'wait until a change is answered everywhere',
  'route53:ListResourceRecordSets': 'read the records of a zone',
  'route53:ChangeResourceRecordSets': 'write the names of peers',
};

export const permissions: readonly Permission[] = Object.entries(WHY).map(([action, why]) => ({
  action,
  why,
}));
