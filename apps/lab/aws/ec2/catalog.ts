/** What AWS offers for rent: images and instance types. The images all boot the lab's own Linux. */
import { createHash } from 'node:crypto';

export interface Image {
  id: string;
  name: string;
  description: string;
  architecture: 'x86_64' | 'arm64';
  ownerId: string;
  ownerAlias: string | null;
  rootDevice: string;
  /** Names under which the Systems Manager parameter store knows it. */
  parameters: readonly string[];
}

const SOURCES: readonly Omit<Image, 'id'>[] = [
  {
    name: 'debian-12-amd64-20261103-2286',
    description: 'Debian 12 (20261103-2286)',
    architecture: 'x86_64',
    ownerId: '136693071363',
    ownerAlias: null,
    rootDevice: '/dev/xvda',
    parameters: ['/aws/service/debian/release/12/latest/amd64'],
  },
  {
    name: 'debian-12-arm64-20261103-2286',
    description: 'Debian 12 (20261103-2286)',
    architecture: 'arm64',
    ownerId: '136693071363',
    ownerAlias: null,
    rootDevice: '/dev/xvda',
    parameters: ['/aws/service/debian/release/12/latest/arm64'],
  },
  {
    name: 'al2023-ami-2023.9.20261110.0-kernel-6.1-x86_64',
    description: 'Amazon Linux 2023 AMI 2023.9.20261110.0 x86_64 HVM kernel-6.1',
    architecture: 'x86_64',
    ownerId: '137112412989',
    ownerAlias: 'amazon',
    rootDevice: '/dev/xvda',
    parameters: [
      '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64',
      '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64',
    ],
  },
];

/** Images have other ids in each region, the same ones at every start. */
export const imagesOf = (region: string): Image[] =>
  SOURCES.map((source) => ({
    ...source,
    id: `ami-0${createHash('sha256').update(`${region} ${source.name}`).digest('hex').slice(0, 16)}`,
  }));

export interface InstanceType {
  vcpus: number;
  memoryMebibytes: number;
  architecture: 'x86_64' | 'arm64';
}

export const INSTANCE_TYPES: Readonly<Record<string, InstanceType>> = {
  't3.nano': { vcpus: 2, memoryMebibytes: 512, architecture: 'x86_64' },
  't3.micro': { vcpus: 2, memoryMebibytes: 1024, architecture: 'x86_64' },
  't3.small': { vcpus: 2, memoryMebibytes: 2048, architecture: 'x86_64' },
  't3.medium': { vcpus: 2, memoryMebibytes: 4096, architecture: 'x86_64' },
  't3.large': { vcpus: 2, memoryMebibytes: 8192, architecture: 'x86_64' },
  't3a.micro': { vcpus: 2, memoryMebibytes: 1024, architecture: 'x86_64' },
  't3a.small': { vcpus: 2, memoryMebibytes: 2048, architecture: 'x86_64' },
  'm6i.large': { vcpus: 2, memoryMebibytes: 8192, architecture: 'x86_64' },
  'c6i.large': { vcpus: 2, memoryMebibytes: 4096, architecture: 'x86_64' },
  't4g.micro': { vcpus: 2, memoryMebibytes: 1024, architecture: 'arm64' },
  't4g.small': { vcpus: 2, memoryMebibytes: 2048, architecture: 'arm64' },
};
