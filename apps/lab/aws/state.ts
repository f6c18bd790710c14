/** The parts of the lab's state that are AWS's. */
import type { Section, Store } from '../store/store.ts';
import { type Ec2State, emptyEc2 } from './ec2/state.ts';
import { emptyRoute53, type Route53State } from './route53/state.ts';

export interface AwsState {
  ec2: Section<Ec2State>;
  route53: Section<Route53State>;
}

export function openAwsState(store: Store): AwsState {
  const ec2 = store.section('aws-ec2', emptyEc2);
  // A lab that was made before VPCs could be peered.
  if (!ec2.read().peerings)
    ec2.change((state) => {
      state.peerings = {};
    });
  return { ec2, route53: store.section('aws-route53', emptyRoute53) };
}
