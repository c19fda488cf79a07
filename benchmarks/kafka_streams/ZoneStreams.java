import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.sun.management.OperatingSystemMXBean;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;

/**
 * The job of heartzone's zone worker on Kafka Streams, without its deduplication: the peer of benchmarks.
 *
 * <p>Arguments: a file of properties, input topic, output topic, dead-letter topic, number of messages. Once so many are
 * committed it prints a line of JSON about the time from the first message to the last commit, and ends; with 0 messages
 * it works until it is killed.
 */
public final class ZoneStreams {
    private static final int PREFIX = 5;
    private static final AtomicLong PROCESSED = new AtomicLong();
    private static volatile long began;
    private static volatile long cpuBefore;

    private ZoneStreams() {}

    record HeartRate(
            @JsonProperty(value = "DateTime", required = true) String dateTime,
            @JsonProperty(value = "Value", required = true) Integer value) {}

    record Biometrics(
            @JsonProperty(value = "DeviceId", required = true) String deviceId,
            @JsonProperty(value = "HeartRates", required = true) List<HeartRate> heartRates,
            @JsonProperty(value = "MaxHeartRate", required = true) Integer maxHeartRate) {}

    record HeartRateZoneReached(
            @JsonProperty("DeviceId") String deviceId,
            @JsonProperty("Zone") int zone,
            @JsonProperty("DateTime") String dateTime,
            @JsonProperty("HeartRate") int heartRate,
            @JsonProperty("MaxHeartRate") int maxHeartRate) {}

    /** One message to the events that it gives, or to its dead letter. */
    static final class Zones extends ContextualProcessor<byte[], byte[], byte[], byte[]> {
        private static final JsonMapper MAPPER =
                JsonMapper.builder()
                        .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                        .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                        .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
                        .build();
        private static final ObjectReader READER = MAPPER.readerFor(Biometrics.class);
        private static final ObjectWriter WRITER = MAPPER.writerFor(HeartRateZoneReached.class);
        private static final byte[] OUTPUT_PREFIX = ByteBuffer.allocate(PREFIX).put((byte) 0).putInt(1).array();

        @Override
        public void process(Record<byte[], byte[]> record) {
            if (PROCESSED.getAndIncrement() == 0) {
                began = System.nanoTime();
                cpuBefore = cpu();
            }
            try {
                Biometrics message = read(record.value());
                byte[] key = message.deviceId.getBytes(StandardCharsets.UTF_8);
                RecordHeaders trace = trace(record);
                int maximum = message.maxHeartRate;
                for (HeartRate reading : message.heartRates) {
                    int zone = Math.min(Math.max((int) (reading.value * 10L / maximum) - 4, 0), 5);
                    if (zone > 0) {
                        var event =
                                new HeartRateZoneReached(
                                        message.deviceId, zone, reading.dateTime, reading.value, maximum);
                        context().forward(new Record<>(key, write(event), record.timestamp(), trace), "events");
                    }
                }
            } catch (IOException | RuntimeException poison) {
                context().forward(record, "dead-letters");
            }
        }

        private static Biometrics read(byte[] value) throws IOException {
            if (value == null || value.length < PREFIX || value[0] != 0) {
                throw new IOException("bad frame");
            }
            if (ByteBuffer.wrap(value, 1, 4).getInt() != 1) {
                throw new IOException("unknown schema");
            }
            Biometrics message = READER.readValue(value, PREFIX, value.length - PREFIX);
            if (message.deviceId.length() != 36 || message.maxHeartRate < 1) {
                throw new IOException("not a device id, or not a maximum");
            }
            UUID.fromString(message.deviceId);
            for (HeartRate reading : message.heartRates) {
                if (reading.value < 0) {
                    throw new IOException("a negative heart rate");
                }
                OffsetDateTime.parse(reading.dateTime);
            }
            return message;
        }

        private static byte[] write(HeartRateZoneReached event) throws IOException {
            var framed = new ByteArrayOutputStream(192);
            framed.write(OUTPUT_PREFIX);
            WRITER.writeValue((OutputStream) framed, event);
            return framed.toByteArray();
        }

        private static RecordHeaders trace(Record<byte[], byte[]> record) {
            var passed = new RecordHeaders();
            for (String name : new String[] {"traceparent", "tracestate"}) {
                Header header = record.headers().lastHeader(name);
                if (header != null) {
                    passed.add(header);
                }
            }
            return passed;
        }
    }

    public static void main(String[] arguments) throws Exception {
        var properties = new Properties();
        try (var file = Files.newBufferedReader(Path.of(arguments[0]))) {
            properties.load(file);
        }
        String input = arguments[1];
        long messages = Long.parseLong(arguments[4]);
        var bytes = Serdes.ByteArray();
        var topology = new Topology();
        topology.addSource("input", bytes.deserializer(), bytes.deserializer(), input);
        topology.addProcessor("zones", Zones::new, "input");
        topology.addSink("events", arguments[2], bytes.serializer(), bytes.serializer(), "zones");
        topology.addSink("dead-letters", arguments[3], bytes.serializer(), bytes.serializer(), "zones");
        var streams = new KafkaStreams(topology, properties);
        streams.setUncaughtExceptionHandler(
                error -> {
                    error.printStackTrace();
                    Runtime.getRuntime().halt(1);
                    return null;
                });
        streams.start();
        if (messages == 0) {
            Thread.currentThread().join();
        }
        while (PROCESSED.get() < messages) {
            Thread.sleep(5);
        }
        try (var admin = Admin.create(Map.of("bootstrap.servers", properties.get("bootstrap.servers")))) {
            while (committed(admin, properties.getProperty("application.id")) < messages) {
                Thread.sleep(5);
            }
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        double processor = (cpu() - cpuBefore) / 1e9;
        System.out.printf(
                "{\"messages\": %d, \"seconds\": %.6f, \"cpu_seconds\": %.6f}%n", messages, seconds, processor);
        System.out.flush();
        streams.close();
    }

    private static long committed(Admin admin, String group) throws Exception {
        return admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().values().stream()
                .mapToLong(OffsetAndMetadata::offset)
                .sum();
    }

    private static long cpu() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }
}
