import type { MetadataView } from '../metadata/view.js';
import type { Telemetry } from '../telemetry/telemetry.js';

/** Series that come and go with topics and groups, read from the metadata at each scrape. */
export function collectSeries(telemetry: Telemetry, view: MetadataView): void {
  telemetry.collect(
    {
      kind: 'counter',
      name: 'weft_topic_records_total',
      help: 'Records ever appended to a topic: the sum of its high watermarks. Its rate is the topic’s rate.',
      labels: ['topic'],
    },
    (emit) => {
      for (const topic of view.topics()) {
        emit(
          [topic.name],
          topic.partitions.reduce((sum, partition) => sum + partition.highWatermark, 0),
        );
      }
    },
  );
  telemetry.collect(
    { kind: 'gauge', name: 'weft_topic_bytes', help: 'Bytes of a topic that are stored.', labels: ['topic'] },
    (emit) => {
      for (const topic of view.topics())
        emit(
          [topic.name],
          topic.partitions.reduce((sum, { bytes }) => sum + bytes, 0),
        );
    },
  );
  telemetry.collect(
    {
      kind: 'gauge',
      name: 'weft_group_lag_records',
      help: 'Records between a group’s committed offset and the end of the partition.',
      labels: ['group', 'topic', 'partition'],
    },
    (emit) => {
      for (const { groupId } of [...view.groups(), ...view.consumerGroups()]) {
        for (const { topic, partition, offset } of view.committedOffsets(groupId)) {
          const end = view.topicByName(topic)?.partitions[partition]?.highWatermark;
          if (end !== undefined) emit([groupId, topic, String(partition)], Math.max(0, end - offset));
        }
      }
    },
  );
}
