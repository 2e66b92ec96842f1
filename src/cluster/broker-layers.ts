import { ConfigLayers } from '../config/config-layers.js';
import type { MetadataView } from '../metadata/view.js';

/** The layers of an agent's configs as its replica has them now. */
export class BrokerLayers {
  readonly #view: MetadataView;
  readonly #nodeId: number;
  readonly #settings: ReadonlyMap<string, string>;
  #now: ConfigLayers | undefined;

  /** `settings` as src/config/broker-settings.ts makes them. */
  constructor(view: MetadataView, nodeId: number, settings: ReadonlyMap<string, string>) {
    this.#view = view;
    this.#nodeId = nodeId;
    this.#settings = settings;
  }

  /** Another object after every change, and only then. */
  get now(): ConfigLayers {
    const own = this.#view.brokerConfigs(this.#nodeId).configs;
    const shared = this.#view.brokerConfigs('').configs;
    if (this.#now?.own !== own || this.#now.shared !== shared) {
      this.#now = new ConfigLayers(own, shared, this.#settings);
    }
    return this.#now;
  }
}
