import { otherBrokerConfigs } from './broker-config-names.js';
import { brokerConfigs } from './broker-configs.js';
import { valueFlaw } from './config-values.js';

/**
 * What is wrong with configs to be set for agents (Kafka: INVALID_REQUEST, 42); undefined when all is well. A name that
 * Kafka does not know is an administrator's own and taken as it is.
 */
export function brokerConfigsFlaw(configs: ReadonlyMap<string, string>): string | undefined {
  const fixed = [...configs.keys()].filter((name) =>
    Object.hasOwn(brokerConfigs, name) ? !brokerConfigs[name]!.dynamic : otherBrokerConfigs.has(name),
  );
  if (fixed.length > 0) {
    return `Cannot update these configs dynamically: [${fixed.join(', ')}]`;
  }
  for (const [name, value] of configs) {
    if (name.startsWith('listener.name.')) {
      return `Listeners of agents have no configs of their own: ${name}`;
    }
    const flaw = Object.hasOwn(brokerConfigs, name) ? valueFlaw(name, brokerConfigs[name]!, value) : undefined;
    if (flaw !== undefined) {
      return flaw;
    }
  }
  return undefined;
}
