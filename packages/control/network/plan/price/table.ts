import type { ProviderId } from '@skein/contract/primitive.ts';

/** What clouds ask, in US dollars. GB are those that leave. */
export interface PriceTable {
  /** When the prices were those of the lists. */
  day: string;
  providers: Readonly<Record<ProviderId, ProviderPrices>>;
}

/** What costs the same in all regions of a provider, and the regions. */
export interface ProviderPrices {
  /** A public IPv4 address in use, an hour. */
  publicAddressHour: number;
  /** A hosted zone, public or private, each of the first 25. */
  hostedZoneMonth: number;
  regions: Readonly<Record<string, RegionPrices>>;
}

export interface RegionPrices {
  /** An hour, by instance type. */
  instances: Readonly<Record<string, number>>;
  internetGb: number;
  /** To another region of the same provider on the same continent, by public addresses. */
  otherRegionGb: number;
  otherZoneGb: number;
  /** Over a VPC peering within the region. */
  peeringGb: number;
  /** Over a VPC peering to another region. */
  otherRegionPeeringGb: number;
}
