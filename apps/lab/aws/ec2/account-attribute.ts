/** DescribeAccountAttributes: the limits that EC2 itself tells. */
import { AwsError } from '../wire/error.ts';
import { type Ec2Actions, reads } from './call.ts';

export const accountAttributeActions: Ec2Actions = {
  DescribeAccountAttributes: reads(({ params, limitOf }) => {
    const values: Readonly<Record<string, string>> = {
      'supported-platforms': 'VPC',
      'default-vpc': 'none',
      'max-instances': String(limitOf('instances')),
      'vpc-max-elastic-ips': String(limitOf('elastic-ips')),
      'max-elastic-ips': String(limitOf('elastic-ips')),
      'vpc-max-security-groups-per-interface': '5',
    };
    const asked = params.list('AttributeName');
    for (const name of asked)
      if (!Object.hasOwn(values, name))
        throw new AwsError(
          'InvalidParameterValue',
          `Value (${name}) for parameter attributeName is invalid. Unknown attribute.`,
        );
    const shown = asked.length > 0 ? asked : Object.keys(values);
    return {
      accountAttributeSet: {
        item: shown.map((attributeName) => ({
          attributeName,
          attributeValueSet: { item: [{ attributeValue: values[attributeName] }] },
        })),
      },
    };
  }),
};
