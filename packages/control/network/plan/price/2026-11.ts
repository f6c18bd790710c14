/**
 * List prices in US dollars, on demand, Linux, without taxes, discounts and free tiers, put down on `day` from memory:
 * no price page could be read then. Clouds change them without notice: compare with the pages below before a figure is
 * relied upon or changed. A region or an
 * instance type that is not here is told as not priced; nothing is guessed.
 *   AWS    https://aws.amazon.com/ec2/pricing/on-demand/ (instances, data transfer), https://aws.amazon.com/vpc/pricing/
 *          (public IPv4 addresses), https://aws.amazon.com/route53/pricing/
 *   Google https://cloud.google.com/compute/vm-instance-pricing, https://cloud.google.com/vpc/network-pricing
 *          (premium tier, external addresses, transfer), https://cloud.google.com/dns/pricing
 *   Azure  https://azure.microsoft.com/pricing/details/virtual-machines/linux/, …/ip-addresses/, …/bandwidth/,
 *          …/virtual-network/ (peering), …/dns/
 */
import type { PriceTable, RegionPrices } from './table.ts';

/** Sizes of one burstable family cost multiples of its `small`, in every region. */
const T3 = { 't3.micro': 0.5, 't3.small': 1, 't3.medium': 2, 't3.large': 4, 't3.xlarge': 8 };
const E2 = { 'e2-micro': 0.5, 'e2-small': 1, 'e2-medium': 2, 'e2-standard-2': 4, 'e2-standard-4': 8 };
const B = { Standard_B1s: 0.25, Standard_B2s: 1, Standard_B2ms: 2 };

/** Price of a size an hour, rounded as price lists are. */
function family(sizes: Readonly<Record<string, number>>, base: number): Record<string, number> {
  return Object.fromEntries(
    Object.entries(sizes).map(([type, times]) => [type, Math.round(base * times * 1e6) / 1e6]),
  );
}

/** @param small t3.small an hour @param internet @param region each a GB out */
const aws = (small: number, internet: number, region: number): RegionPrices => ({
  instances: family(T3, small),
  internetGb: internet,
  otherRegionGb: region,
  otherZoneGb: 0.01,
  // Within a zone free; between zones and regions as any other transfer.
  peeringGb: 0.01,
  otherRegionPeeringGb: region,
});

/** Premium tier, to anywhere but China and Australia, the first TiB. */
const gcp = (small: number, internet: number, region: number): RegionPrices => ({
  instances: family(E2, small),
  internetGb: internet,
  otherRegionGb: region,
  otherZoneGb: 0.01,
  peeringGb: 0.01,
  otherRegionPeeringGb: region,
});

/** @param global global peering of this region's zone, a GB out */
const azure = (b2s: number, internet: number, region: number, global: number): RegionPrices => ({
  instances: family(B, b2s),
  internetGb: internet,
  otherRegionGb: region,
  // Between availability zones Azure takes nothing.
  otherZoneGb: 0,
  peeringGb: 0.01,
  otherRegionPeeringGb: global,
});

export const PRICES: PriceTable = {
  day: '2026-11-21',
  providers: {
    aws: {
      publicAddressHour: 0.005,
      hostedZoneMonth: 0.5,
      regions: {
        'us-east-1': aws(0.0208, 0.09, 0.02),
        'us-east-2': aws(0.0208, 0.09, 0.02),
        'us-west-1': aws(0.0248, 0.09, 0.02),
        'us-west-2': aws(0.0208, 0.09, 0.02),
        'ca-central-1': aws(0.0232, 0.09, 0.02),
        'sa-east-1': aws(0.0336, 0.15, 0.138),
        'eu-west-1': aws(0.0228, 0.09, 0.02),
        'eu-west-2': aws(0.0236, 0.09, 0.02),
        'eu-west-3': aws(0.0236, 0.09, 0.02),
        'eu-central-1': aws(0.024, 0.09, 0.02),
        'eu-north-1': aws(0.0216, 0.09, 0.02),
        'ap-south-1': aws(0.0224, 0.1093, 0.086),
        'ap-southeast-1': aws(0.0264, 0.12, 0.09),
        'ap-southeast-2': aws(0.0264, 0.114, 0.098),
        'ap-northeast-1': aws(0.0272, 0.114, 0.09),
        'ap-northeast-2': aws(0.026, 0.126, 0.08),
      },
    },
    gcp: {
      publicAddressHour: 0.005,
      hostedZoneMonth: 0.2,
      regions: {
        'us-central1': gcp(0.016751, 0.12, 0.02),
        'us-east1': gcp(0.016751, 0.12, 0.02),
        'us-east4': gcp(0.018867, 0.12, 0.02),
        'us-west1': gcp(0.016751, 0.12, 0.02),
        'us-west2': gcp(0.02012, 0.12, 0.02),
        'europe-west1': gcp(0.018427, 0.12, 0.02),
        'europe-west2': gcp(0.021583, 0.12, 0.02),
        'europe-west3': gcp(0.021583, 0.12, 0.02),
        'europe-west4': gcp(0.018443, 0.12, 0.02),
        'europe-north1': gcp(0.018443, 0.12, 0.02),
        'asia-east1': gcp(0.019397, 0.12, 0.08),
        'asia-northeast1': gcp(0.021495, 0.14, 0.08),
        'asia-southeast1': gcp(0.020664, 0.12, 0.08),
      },
    },
    azure: {
      publicAddressHour: 0.005,
      hostedZoneMonth: 0.5,
      regions: {
        eastus: azure(0.0416, 0.087, 0.02, 0.035),
        eastus2: azure(0.0416, 0.087, 0.02, 0.035),
        westus2: azure(0.0416, 0.087, 0.02, 0.035),
        northeurope: azure(0.0456, 0.087, 0.02, 0.035),
        westeurope: azure(0.048, 0.087, 0.02, 0.035),
        uksouth: azure(0.0472, 0.087, 0.02, 0.035),
        southeastasia: azure(0.0528, 0.12, 0.08, 0.09),
        australiaeast: azure(0.0528, 0.12, 0.08, 0.09),
        japaneast: azure(0.0544, 0.12, 0.08, 0.09),
      },
    },
  },
};
