/** The parts of the lab's state that are AWS's. */
import type { Section, Store } from '../store/store.ts';
import { type Ec2State, emptyEc2 } from './ec2/state.ts';
import { emptyRoute53, type Route53State } from './route53/state.ts';

export interface AwsState {
  ec2: Section<Ec2State>;
  route53: Section<Route53State>;
}

export const openAwsState = (store: Store): AwsState => ({
  ec2: store.section('aws-ec2', emptyEc2),
  route53: store.section('aws-route53', emptyRoute53),
});
