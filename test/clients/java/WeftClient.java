import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.*;

/** The stock Java clients, 2.1 and later, behind the command line of test/clients/command-client.ts. */
public class WeftClient {
  public static void main(String[] args) throws Exception {
    switch (args[0]) {
      case "create" -> create(args[1], args[2], Integer.parseInt(args[3]));
      case "produce" -> produce(args[1], args[2], args[3], args[4]);
      case "consume" -> consume(args[1], args[2], Integer.parseInt(args[3]), Long.parseLong(args[4]));
      case "group-read" -> groupRead(args[1], args[2], args[3], Integer.parseInt(args[4]));
      case "join" -> join(args[1], args[2], args[3]);
      case "offset-at" -> offsetAt(args[1], args[2], Long.parseLong(args[3]));
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  static void create(String bootstrap, String topic, int partitions) throws Exception {
    try (var admin = AdminClient.create(connection(bootstrap))) {
      admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get();
    }
  }

  /** By TLS when the environment names its files (test/clients/tls.ts). */
  static Properties connection(String bootstrap) throws IOException {
    var settings = new Properties();
    settings.put("bootstrap.servers", bootstrap);
    if (System.getenv("WEFT_TEST_TLS_CA") != null) {
      settings.put("security.protocol", "SSL");
      settings.put("ssl.truststore.type", "PEM");
      settings.put("ssl.truststore.location", System.getenv("WEFT_TEST_TLS_CA"));
      settings.put("ssl.keystore.type", "PEM");
      settings.put("ssl.keystore.certificate.chain", textOf("WEFT_TEST_TLS_CERTIFICATE"));
      settings.put("ssl.keystore.key", textOf("WEFT_TEST_TLS_KEY"));
    }
    return settings;
  }

  static String textOf(String variable) throws IOException {
    return Files.readString(Path.of(System.getenv(variable)));
  }

  static void produce(String bootstrap, String topic, String compression, String idempotent) throws Exception {
    var settings = connection(bootstrap);
    settings.put("compression.type", compression);
    settings.put("enable.idempotence", idempotent);
    settings.put("acks", "all");
    settings.put("max.request.size", "1048588");
    try (var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      var sent = new ArrayList<Future<RecordMetadata>>();
      for (String line; (line = lines.readLine()) != null; ) {
        String[] fields = line.split("\t", -1);
        var headers = new RecordHeaders();
        if (!fields[2].isEmpty())
          for (String header : fields[2].split(";")) {
            String[] pair = header.split(":", -1);
            headers.add(new String(decode(pair[0]), StandardCharsets.UTF_8), decode(pair[1]));
          }
        sent.add(producer.send(new ProducerRecord<>(topic, 0, field(fields[0]), field(fields[1]), headers)));
      }
      for (var one : sent) one.get();
    }
  }

  static void consume(String bootstrap, String topic, int count, long from) throws IOException {
    try (var consumer = consumer(bootstrap, null)) {
      var partition = new TopicPartition(topic, 0);
      consumer.assign(List.of(partition));
      consumer.seek(partition, from);
      print(consumer, count);
    }
  }

  static void groupRead(String bootstrap, String topic, String group, int count) throws IOException {
    try (var consumer = consumer(bootstrap, group)) {
      consumer.subscribe(List.of(topic));
      long next = print(consumer, count);
      consumer.commitSync(Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(next, "by java")));
    }
  }

  static void join(String bootstrap, String topic, String group) throws Exception {
    member(bootstrap, group, consumer -> consumer.subscribe(List.of(topic)));
  }

  static void member(String bootstrap, String group, java.util.function.Consumer<KafkaConsumer<byte[], byte[]>> subscribe)
      throws Exception {
    var ended = new CompletableFuture<Void>();
    new Thread(() -> {
      try {
        while (System.in.read() >= 0) {}
      } catch (IOException gone) {
        // The end of the input, however it comes, is the sign to leave.
      }
      ended.complete(null);
    }).start();
    try (var consumer = consumer(bootstrap, group)) {
      subscribe.accept(consumer);
      Set<TopicPartition> shown = null;
      while (!ended.isDone()) {
        var records = consumer.poll(Duration.ofMillis(100));
        for (var record : records) System.out.println("read " + record.partition() + " " + record.offset());
        if (!records.isEmpty()) consumer.commitSync();
        if (!consumer.assignment().equals(shown)) {
          shown = Set.copyOf(consumer.assignment());
          System.out.println("assigned " + shown.stream().map(p -> "" + p.partition()).collect(Collectors.joining(",")));
        }
      }
    }
  }

  static void offsetAt(String bootstrap, String topic, long timestamp) throws IOException {
    try (var consumer = consumer(bootstrap, null)) {
      var found = consumer.offsetsForTimes(Map.of(new TopicPartition(topic, 0), timestamp)).values().iterator().next();
      System.out.println(found == null ? -1 : found.offset());
    }
  }

  static KafkaConsumer<byte[], byte[]> consumer(String bootstrap, String group) throws IOException {
    var settings = connection(bootstrap);
    settings.put("auto.offset.reset", "earliest");
    settings.put("enable.auto.commit", "false");
    if ("consumer".equals(System.getProperty("group.protocol"))) {
      settings.put("group.protocol", "consumer");
    } else {
      settings.put("session.timeout.ms", "6000");
      settings.put("heartbeat.interval.ms", "500");
    }
    if (group != null) settings.put("group.id", group);
    return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  /** Prints exactly `count` records; the offset after the last. */
  static long print(KafkaConsumer<byte[], byte[]> consumer, int count) {
    var out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
    long next = 0;
    for (int left = count; left > 0; )
      for (var record : consumer.poll(Duration.ofMillis(200))) {
        if (left == 0) break;
        left--;
        next = record.offset() + 1;
        var headers = new StringJoiner(";");
        for (Header header : record.headers())
          headers.add(encode(header.key().getBytes(StandardCharsets.UTF_8)) + ":" + encode(header.value()));
        out.println(record.offset() + "\t" + show(record.key()) + "\t" + show(record.value()) + "\t" + headers);
      }
    out.flush();
    return next;
  }

  static byte[] field(String text) {
    return text.equals("-") ? null : decode(text.substring(1));
  }

  static String show(byte[] bytes) {
    return bytes == null ? "-" : "=" + encode(bytes);
  }

  static byte[] decode(String text) {
    return Base64.getDecoder().decode(text);
  }

  static String encode(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes == null ? new byte[0] : bytes);
  }
}
