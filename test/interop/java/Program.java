import com.amazonaws.encryptionsdk.AwsCrypto;
import com.amazonaws.encryptionsdk.CommitmentPolicy;
import com.amazonaws.encryptionsdk.CryptoAlgorithm;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.cryptography.keystore.KeyStore;
import software.amazon.cryptography.keystore.model.KMSConfiguration;
import software.amazon.cryptography.keystore.model.KeyStoreConfig;
import software.amazon.cryptography.materialproviders.IKeyring;
import software.amazon.cryptography.materialproviders.MaterialProviders;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsHierarchicalKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsKeyringInput;
import software.amazon.cryptography.materialproviders.model.CreateAwsKmsMrkKeyringInput;
import software.amazon.cryptography.materialproviders.model.MaterialProvidersConfig;

/**
 * Opens what the pipeline left in the vault with the stock AWS Encryption SDK for Java. The argument is a file of tasks,
 * which test/interop/tasks.ts describes. Nothing here knows the product's code: it follows shared/FORMAT.md, whose rules
 * are cited. It prints one JSON line for each task.
 */
public final class Program {
  private static final CryptoAlgorithm SUITE =
      CryptoAlgorithm.ALG_AES_256_GCM_HKDF_SHA512_COMMIT_KEY;
  private static final int FRAME_LENGTH = 1_048_576;
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final TypeReference<TreeMap<String, String>> PAIRS = new TypeReference<>() {};

  /** Rule 7: the commitment policy, and one wrapped DEK in a message. */
  private static final AwsCrypto SDK =
      AwsCrypto.builder()
          .withCommitmentPolicy(CommitmentPolicy.RequireEncryptRequireDecrypt)
          .withMaxEncryptedDataKeys(1)
          .build();

  private static final MaterialProviders PROVIDERS =
      MaterialProviders.builder()
          .MaterialProvidersConfig(MaterialProvidersConfig.builder().build())
          .build();

  private final JsonNode job;

  private Program(JsonNode job) {
    this.job = job;
  }

  public static void main(String[] args) throws Exception {
    Program program = new Program(JSON.readTree(Files.readAllBytes(Path.of(args[0]))));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (JsonNode task : program.job.get("tasks")) out.println(program.answer(task));
  }

  private ObjectNode answer(JsonNode task) {
    ObjectNode answer = JSON.createObjectNode().put("id", task.get("id").asText());
    try {
      byte[] plaintext = task.get("task").asText().equals("read") ? read(task) : open(task);
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(plaintext);
      return answer.put("sha256", HexFormat.of().formatHex(digest));
    } catch (Exception error) {
      // Whatever the SDK throws is its refusal. The reader of the answer decides.
      return answer.put("refused", error.toString());
    }
  }

  private byte[] open(JsonNode task) throws Exception {
    byte[] message = Files.readAllBytes(Path.of(task.get("message").asText()));
    return openMessage(task.get("key"), message, JSON.convertValue(task.get("context"), PAIRS));
  }

  private byte[] read(JsonNode task) throws Exception {
    byte[] entry = Files.readAllBytes(Path.of(task.get("entry").asText()));
    return task.has("clear") ? readInline(task, entry) : readChunked(task, entry);
  }

  /** Rules 29 to 31 and 33. */
  private byte[] readInline(JsonNode task, byte[] entry) throws Exception {
    JsonNode clear = JSON.readTree(task.get("clear").asText());
    TreeMap<String, String> context = namesOf(task, clear);
    context.put("purpose", "inline");
    context.put("format", "sealstream/2");
    byte[] plaintext = openMessage(task.get("key"), entry, context);
    int end = 0;
    while (plaintext[end] != '\n') end += 1;
    requireSealed(task, clear, JSON.readTree(plaintext, 0, end));
    byte[] content = Arrays.copyOfRange(plaintext, end + 1, plaintext.length);
    require(content.length == clear.get("sizeBytes").asLong(), "rule 31: another size");
    return content;
  }

  /** Rules 5, 10, 11, 14 to 16 and 19. */
  private byte[] readChunked(JsonNode task, byte[] entry) throws Exception {
    ObjectNode manifest = (ObjectNode) JSON.readTree(entry);
    byte[] sealed = Base64.getDecoder().decode(manifest.remove("sealed").asText());
    TreeMap<String, String> sealedContext = namesOf(task, manifest);
    sealedContext.put("purpose", "manifest");
    sealedContext.put("format", "sealstream/1");
    requireSealed(task, manifest, JSON.readTree(openMessage(task.get("key"), sealed, sealedContext)));
    int count = manifest.get("chunkCount").asInt();
    Path folder = Path.of(task.get("chunks").asText(), manifest.get("objectId").asText());
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    for (int index = 0; index < count; index += 1) {
      TreeMap<String, String> context = namesOf(task, manifest);
      context.put("chunk-index", String.valueOf(index));
      context.put("chunk-count", String.valueOf(count));
      context.put("format", "sealstream/1");
      byte[] message = Files.readAllBytes(folder.resolve(String.format("%010d", index)));
      content.writeBytes(openMessage(task.get("key"), message, context));
    }
    require(content.size() == manifest.get("sizeBytes").asLong(), "rule 5: another size");
    return content.toByteArray();
  }

  private static TreeMap<String, String> namesOf(JsonNode task, JsonNode clear) {
    return new TreeMap<>(
        Map.of("tenant-id", task.get("tenantId").asText(), "object-id", clear.get("objectId").asText()));
  }

  /** Rule 16, and rule 31 of a small object. */
  private static void requireSealed(JsonNode task, JsonNode clear, JsonNode sealed) {
    require(sealed.get("clear").equals(clear), "rule 16: the clear part differs from the sealed copy");
    require(sealed.get("key").equals(task.get("name")), "rule 16: another name");
    require(clear.get("tenantId").equals(task.get("tenantId")), "rule 16: another tenant");
    require(clear.get("kekArn").equals(task.get("key").get("kekArn")), "rule 16: another KEK");
  }

  /** Returns the plaintext, without the line of a message of a shared DEK. */
  private byte[] openMessage(JsonNode key, byte[] message, TreeMap<String, String> expected)
      throws Exception {
    var opened = SDK.decryptData(keyringOf(key), message);
    require(opened.getCryptoAlgorithm() == SUITE, "rule 6: another suite");
    require(opened.getHeaders().getFrameLength() == FRAME_LENGTH, "rule 8: another frame length");
    Map<String, String> context = opened.getEncryptionContext();
    byte[] plaintext = opened.getResult();
    if (context.equals(expected)) return plaintext;
    Map<String, String> shared =
        Map.of("tenant-id", expected.get("tenant-id"), "purpose", "shared", "format", "sealstream/1");
    require(context.equals(shared), "rule 12: another context");
    byte[] line = (JSON.writeValueAsString(expected) + "\n").getBytes(StandardCharsets.UTF_8);
    require(Arrays.equals(Arrays.copyOf(plaintext, line.length), line), "rule 22: another first line");
    return Arrays.copyOfRange(plaintext, line.length, plaintext.length);
  }

  /** Rule 19: a strict keyring of the KEK. Rule 26: a hierarchical one. Rule 27: one of a replica. */
  private IKeyring keyringOf(JsonNode key) {
    String kekArn = key.get("kekArn").asText();
    if (key.has("replicaArn")) {
      String replica = key.get("replicaArn").asText();
      return PROVIDERS.CreateAwsKmsMrkKeyring(
          CreateAwsKmsMrkKeyringInput.builder().kmsKeyId(replica).kmsClient(kmsOf(key, replica)).build());
    }
    KmsClient kms = kmsOf(key, kekArn);
    if (!key.has("branchKeyId"))
      return PROVIDERS.CreateAwsKmsKeyring(
          CreateAwsKmsKeyringInput.builder().kmsKeyId(kekArn).kmsClient(kms).build());
    JsonNode table = job.get("keyStore");
    KeyStoreConfig config =
        KeyStoreConfig.builder()
            .ddbClient(
                DynamoDbClient.builder()
                    .endpointOverride(endpoint())
                    .region(Region.of(table.get("region").asText()))
                    .credentialsProvider(credentialsOf(table))
                    .build())
            .ddbTableName(table.get("table").asText())
            .logicalKeyStoreName("sealstream")
            .kmsClient(kms)
            .kmsConfiguration(KMSConfiguration.builder().kmsKeyArn(kekArn).build())
            .build();
    return PROVIDERS.CreateAwsKmsHierarchicalKeyring(
        CreateAwsKmsHierarchicalKeyringInput.builder()
            .keyStore(KeyStore.builder().KeyStoreConfig(config).build())
            .branchKeyId(key.get("branchKeyId").asText())
            .ttlSeconds(60)
            .build());
  }

  private KmsClient kmsOf(JsonNode key, String arn) {
    return KmsClient.builder()
        .endpointOverride(endpoint())
        .region(Region.of(arn.split(":")[3]))
        .credentialsProvider(credentialsOf(key))
        .build();
  }

  private URI endpoint() {
    return URI.create(job.get("endpoint").asText());
  }

  private static StaticCredentialsProvider credentialsOf(JsonNode account) {
    return StaticCredentialsProvider.create(
        AwsBasicCredentials.create(account.get("accountId").asText(), "local"));
  }

  private static void require(boolean condition, String reason) {
    if (!condition) throw new IllegalArgumentException(reason);
  }
}
