/** Service quotas: how much of each thing there may be in a region, and `servicequotas`, which tells. */
import { openQuotas } from '../store/quotas.ts';
import type { Store } from '../store/store.ts';
import { AwsError } from './wire/error.ts';

/** `code` is AWS's own; quotas without one are known to EC2 alone. Larger than AWS's, for labs of many clusters. */
export const QUOTAS = {
  vpcs: { limit: 50, service: 'vpc', code: 'L-F678F1CE', name: 'VPCs per Region' },
  subnets: { limit: 200, service: 'vpc', code: 'L-407747CB', name: 'Subnets per VPC' },
  'internet-gateways': {
    limit: 50,
    service: 'vpc',
    code: 'L-A4707A72',
    name: 'Internet gateways per Region',
  },
  'security-groups': {
    limit: 2500,
    service: 'vpc',
    code: 'L-E79EC296',
    name: 'VPC security groups per Region',
  },
  rules: {
    limit: 60,
    service: 'vpc',
    code: 'L-0EA8095F',
    name: 'Inbound or outbound rules per security group',
  },
  'elastic-ips': { limit: 30, service: 'ec2', code: 'L-0263D0A3', name: 'EC2-VPC Elastic IPs' },
  vcpus: {
    limit: 256,
    service: 'ec2',
    code: 'L-1216C47A',
    name: 'Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances',
  },
  instances: { limit: 64, service: 'ec2', code: null, name: 'instances' },
} as const satisfies Record<string, { limit: number; service: string; code: string | null; name: string }>;
export type QuotaName = keyof typeof QUOTAS;

/** The limit of an account, before any fault. */
export const quotaOf = (store: Store, accountId: string, name: QuotaName): number =>
  openQuotas(store).read()[`aws/${accountId}`]?.[name] ?? QUOTAS[name].limit;

/** GetServiceQuota, GetAWSDefaultServiceQuota and ListServiceQuotas. Answers what becomes the JSON body. */
export function callServiceQuotas(
  at: { accountId: string; region: string; limitOf(name: QuotaName): number },
  action: string,
  input: Record<string, unknown>,
): object {
  const text = (name: string) => {
    const value = input[name];
    if (typeof value === 'string' && value !== '') return value;
    const field = name.charAt(0).toLowerCase() + name.slice(1);
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value null at '${field}' failed to satisfy constraint: Member must not be null`,
    );
  };
  const names = (Object.keys(QUOTAS) as QuotaName[]).filter((each) => QUOTAS[each].code !== null);
  const view = (name: QuotaName, limit: number) => ({
    ServiceCode: QUOTAS[name].service,
    ServiceName:
      QUOTAS[name].service === 'ec2'
        ? 'Amazon Elastic Compute Cloud (Amazon EC2)'
        : 'Amazon Virtual Private Cloud (Amazon VPC)',
    QuotaArn: `arn:aws:servicequotas:${at.region}:${at.accountId}:${QUOTAS[name].service}/${QUOTAS[name].code}`,
    QuotaCode: QUOTAS[name].code,
    QuotaName: QUOTAS[name].name,
    Value: limit,
    Unit: 'None',
    Adjustable: true,
    GlobalQuota: false,
  });
  if (action === 'GetServiceQuota' || action === 'GetAWSDefaultServiceQuota') {
    const [service, code] = [text('ServiceCode'), text('QuotaCode')];
    const name = names.find((each) => QUOTAS[each].service === service && QUOTAS[each].code === code);
    if (!name)
      throw new AwsError(
        'NoSuchResourceException',
        `The quota ${code} of the service ${service} does not exist.`,
      );
    return { Quota: view(name, action === 'GetServiceQuota' ? at.limitOf(name) : QUOTAS[name].limit) };
  }
  if (action === 'ListServiceQuotas') {
    const service = text('ServiceCode');
    const found = names.filter((each) => QUOTAS[each].service === service);
    if (found.length === 0)
      throw new AwsError('NoSuchResourceException', `The service ${service} does not exist.`);
    return { Quotas: found.map((each) => view(each, at.limitOf(each))) };
  }
  throw new AwsError('UnknownOperationException', '');
}
