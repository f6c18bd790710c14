export interface VirtualMachine {
  power: 'starting' | 'running' | 'stopped' | 'deallocated';
}
