// Program opens what the pipeline left in the vault with the stock AWS Encryption SDK for Go. The argument is a file of
// tasks, which test/interop/tasks.ts describes. Nothing here knows the product's code: it follows shared/FORMAT.md, whose
// rules are cited. It prints one JSON line for each task. The SDK does not tell a frame length, so rule 8 is not checked.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"

	keystore "github.com/aws/aws-cryptographic-material-providers-library/releases/go/mpl/awscryptographykeystoresmithygenerated"
	keystoretypes "github.com/aws/aws-cryptographic-material-providers-library/releases/go/mpl/awscryptographykeystoresmithygeneratedtypes"
	mpl "github.com/aws/aws-cryptographic-material-providers-library/releases/go/mpl/awscryptographymaterialproviderssmithygenerated"
	mpltypes "github.com/aws/aws-cryptographic-material-providers-library/releases/go/mpl/awscryptographymaterialproviderssmithygeneratedtypes"
	sdk "github.com/aws/aws-encryption-sdk/releases/go/encryption-sdk/awscryptographyencryptionsdksmithygenerated"
	sdktypes "github.com/aws/aws-encryption-sdk/releases/go/encryption-sdk/awscryptographyencryptionsdksmithygeneratedtypes"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

type tenantKey struct {
	AccountID   string `json:"accountId"`
	KekArn      string `json:"kekArn"`
	BranchKeyID string `json:"branchKeyId"`
	ReplicaArn  string `json:"replicaArn"`
}

type task struct {
	Task     string
	ID       string `json:"id"`
	Key      tenantKey
	Context  map[string]string
	Message  string
	TenantID string `json:"tenantId"`
	Name     string
	Entry    string
	Clear    *string
	Chunks   string
}

type job struct {
	Endpoint string
	KeyStore struct{ Table, AccountID, Region string }
	Tasks    []task
}

type answer struct {
	ID      string `json:"id"`
	SHA256  string `json:"sha256,omitempty"`
	Refused string `json:"refused,omitempty"`
}

func main() {
	var work job
	content, err := os.ReadFile(os.Args[1])
	if err == nil {
		err = json.Unmarshal(content, &work)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	out := json.NewEncoder(os.Stdout)
	for _, one := range work.Tasks {
		_ = out.Encode(work.answerTo(one))
	}
}

// Whatever the SDK returns as an error is its refusal. The reader of the answer decides.
func (work job) answerTo(one task) (result answer) {
	result.ID = one.ID
	// The SDK's runtime panics where others return an error.
	defer func() {
		if reason := recover(); reason != nil {
			result.Refused = fmt.Sprint(reason)
		}
	}()
	plaintext, err := work.perform(one)
	if err != nil {
		result.Refused = err.Error()
		return result
	}
	digest := sha256.Sum256(plaintext)
	result.SHA256 = hex.EncodeToString(digest[:])
	return result
}

func (work job) perform(one task) ([]byte, error) {
	if one.Task == "read" {
		return work.read(one)
	}
	message, err := os.ReadFile(one.Message)
	if err != nil {
		return nil, err
	}
	return work.open(one.Key, message, one.Context)
}

func (work job) read(one task) ([]byte, error) {
	entry, err := os.ReadFile(one.Entry)
	if err != nil {
		return nil, err
	}
	if one.Clear != nil {
		return work.readInline(one, entry)
	}
	return work.readChunked(one, entry)
}

// Rules 29 to 31 and 33.
func (work job) readInline(one task, entry []byte) ([]byte, error) {
	var clear map[string]any
	if err := json.Unmarshal([]byte(*one.Clear), &clear); err != nil {
		return nil, err
	}
	expected := namesOf(one, clear, map[string]string{"purpose": "inline", "format": "sealstream/2"})
	plaintext, err := work.open(one.Key, entry, expected)
	if err != nil {
		return nil, err
	}
	head, content, _ := bytes.Cut(plaintext, []byte("\n"))
	if err := requireSealed(one, clear, head); err != nil {
		return nil, err
	}
	return content, require(float64(len(content)) == clear["sizeBytes"], "rule 31: another size")
}

// Rules 5, 10, 11, 14 to 16 and 19.
func (work job) readChunked(one task, entry []byte) ([]byte, error) {
	var manifest map[string]any
	if err := json.Unmarshal(entry, &manifest); err != nil {
		return nil, err
	}
	sealed, err := base64.StdEncoding.DecodeString(fmt.Sprint(manifest["sealed"]))
	if err != nil {
		return nil, err
	}
	delete(manifest, "sealed")
	expected := namesOf(one, manifest, map[string]string{"purpose": "manifest", "format": "sealstream/1"})
	copied, err := work.open(one.Key, sealed, expected)
	if err != nil {
		return nil, err
	}
	if err := requireSealed(one, manifest, copied); err != nil {
		return nil, err
	}
	count, _ := manifest["chunkCount"].(float64)
	var content []byte
	for index := range int(count) {
		file := filepath.Join(one.Chunks, fmt.Sprint(manifest["objectId"]), fmt.Sprintf("%010d", index))
		message, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		chunk, err := work.open(one.Key, message, namesOf(one, manifest, map[string]string{
			"chunk-index": strconv.Itoa(index),
			"chunk-count": strconv.Itoa(int(count)),
			"format":      "sealstream/1",
		}))
		if err != nil {
			return nil, err
		}
		content = append(content, chunk...)
	}
	return content, require(float64(len(content)) == manifest["sizeBytes"], "rule 5: another size")
}

func namesOf(one task, clear map[string]any, more map[string]string) map[string]string {
	more["tenant-id"] = one.TenantID
	more["object-id"] = fmt.Sprint(clear["objectId"])
	return more
}

// Rule 16, and rule 31 of a small object.
func requireSealed(one task, clear map[string]any, sealed []byte) error {
	var part map[string]any
	if err := json.Unmarshal(sealed, &part); err != nil {
		return err
	}
	return errors.Join(
		require(reflect.DeepEqual(part["clear"], any(clear)), "rule 16: the clear part differs from the sealed copy"),
		require(part["key"] == one.Name, "rule 16: another name"),
		require(clear["tenantId"] == one.TenantID, "rule 16: another tenant"),
		require(clear["kekArn"] == one.Key.KekArn, "rule 16: another KEK"),
	)
}

// Returns the plaintext, without the line of a message of a shared DEK.
func (work job) open(key tenantKey, message []byte, expected map[string]string) ([]byte, error) {
	keyring, err := work.keyringOf(key)
	if err != nil {
		return nil, err
	}
	// Rule 7: the commitment policy, and one wrapped DEK in a message.
	policy := mpltypes.ESDKCommitmentPolicyRequireEncryptRequireDecrypt
	client, err := sdk.NewClient(sdktypes.AwsEncryptionSdkConfig{
		CommitmentPolicy:     &policy,
		MaxEncryptedDataKeys: aws.Int64(1),
	})
	if err != nil {
		return nil, err
	}
	opened, err := client.Decrypt(context.Background(), sdktypes.DecryptInput{Ciphertext: message, Keyring: keyring})
	if err != nil {
		return nil, err
	}
	suite := mpltypes.ESDKAlgorithmSuiteIdAlgAes256GcmHkdfSha512CommitKey
	if err := require(opened.AlgorithmSuiteId == suite, "rule 6: another suite"); err != nil {
		return nil, err
	}
	if maps.Equal(opened.EncryptionContext, expected) {
		return opened.Plaintext, nil
	}
	shared := map[string]string{"tenant-id": expected["tenant-id"], "purpose": "shared", "format": "sealstream/1"}
	if err := require(maps.Equal(opened.EncryptionContext, shared), "rule 12: another context"); err != nil {
		return nil, err
	}
	// Go writes the members of a map in order of their names.
	line, err := json.Marshal(expected)
	if err != nil {
		return nil, err
	}
	content, found := bytes.CutPrefix(opened.Plaintext, append(line, '\n'))
	return content, require(found, "rule 22: another first line")
}

// Rule 19: a strict keyring of the KEK. Rule 26: a hierarchical one. Rule 27: one of a replica.
func (work job) keyringOf(key tenantKey) (mpltypes.IKeyring, error) {
	ctx := context.Background()
	providers, err := mpl.NewClient(mpltypes.MaterialProvidersConfig{})
	if err != nil {
		return nil, err
	}
	if key.ReplicaArn != "" {
		return providers.CreateAwsKmsMrkKeyring(ctx, mpltypes.CreateAwsKmsMrkKeyringInput{
			KmsClient: work.kmsOf(key, key.ReplicaArn),
			KmsKeyId:  key.ReplicaArn,
		})
	}
	client := work.kmsOf(key, key.KekArn)
	if key.BranchKeyID == "" {
		return providers.CreateAwsKmsKeyring(ctx, mpltypes.CreateAwsKmsKeyringInput{
			KmsClient: client,
			KmsKeyId:  key.KekArn,
		})
	}
	store, err := keystore.NewClient(keystoretypes.KeyStoreConfig{
		DdbTableName: work.KeyStore.Table,
		DdbClient: dynamodb.New(dynamodb.Options{
			BaseEndpoint: &work.Endpoint,
			Region:       work.KeyStore.Region,
			Credentials:  credentials.NewStaticCredentialsProvider(work.KeyStore.AccountID, "local", ""),
		}),
		LogicalKeyStoreName: "sealstream",
		KmsClient:           client,
		KmsConfiguration:    &keystoretypes.KMSConfigurationMemberkmsKeyArn{Value: key.KekArn},
	})
	if err != nil {
		return nil, err
	}
	return providers.CreateAwsKmsHierarchicalKeyring(ctx, mpltypes.CreateAwsKmsHierarchicalKeyringInput{
		KeyStore:    store,
		BranchKeyId: &key.BranchKeyID,
		TtlSeconds:  60,
	})
}

func (work job) kmsOf(key tenantKey, arn string) *kms.Client {
	return kms.New(kms.Options{
		BaseEndpoint: &work.Endpoint,
		Region:       strings.Split(arn, ":")[3],
		Credentials:  credentials.NewStaticCredentialsProvider(key.AccountID, "local", ""),
	})
}

func require(condition bool, reason string) error {
	if condition {
		return nil
	}
	return errors.New(reason)
}
