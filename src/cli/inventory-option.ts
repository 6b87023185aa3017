import { Option } from 'commander';

/** `-i FILE` as every command takes it; MUSTER_INVENTORY saves typing it. */
export function inventoryOption(): Option {
  return new Option('-i, --inventory <file>', "the inventory: Muster's YAML, or Ansible's YAML or INI")
    .env('MUSTER_INVENTORY')
    .makeOptionMandatory();
}
