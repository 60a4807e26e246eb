#include "transfer.h"

#include <string.h>

#include "head.h"

#define NS_PER_MS 1000000

/* Maps libcurl's results; all others are AK_E_NETWORK. */
static const struct {
    CURLcode result;
    ak_status code;
} meanings[] = {
    {CURLE_COULDNT_RESOLVE_HOST, AK_E_RESOLVE},
    {CURLE_COULDNT_RESOLVE_PROXY, AK_E_RESOLVE},
    {CURLE_COULDNT_CONNECT, AK_E_CONNECT},
    {CURLE_SSL_CONNECT_ERROR, AK_E_TLS},
    {CURLE_SSL_CERTPROBLEM, AK_E_TLS},
    {CURLE_SSL_CIPHER, AK_E_TLS},
    {CURLE_PEER_FAILED_VERIFICATION, AK_E_TLS},
    {CURLE_SSL_CACERT_BADFILE, AK_E_TLS},
    {CURLE_SSL_ISSUER_ERROR, AK_E_TLS},
    {CURLE_SSL_CRL_BADFILE, AK_E_TLS},
    {CURLE_SSL_CLIENTCERT, AK_E_TLS},
    {CURLE_OPERATION_TIMEDOUT, AK_E_TIMEOUT},
    {CURLE_OUT_OF_MEMORY, AK_E_MEMORY},
    {CURLE_UNSUPPORTED_PROTOCOL, AK_E_PROTOCOL}, /* what HTTP/0.9 is rejected with */
    {CURLE_WEIRD_SERVER_REPLY, AK_E_PROTOCOL},
    {CURLE_BAD_CONTENT_ENCODING, AK_E_PROTOCOL},
};

static ak_status meaning(CURLcode result) {
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (meanings[i].result == result) {
            return meanings[i].code;
        }
    }
    return AK_E_NETWORK;
}

bool ak_transfer_lacks_descriptors(const ak_transfer *transfer) {
    return ak_connection_lacks_descriptors(transfer->connection, transfer->connected, transfer->result);
}

ak_status ak_transfer_connect_timeout(const ak_transfer *transfer, int64_t now, ak_error *err) {
    const ak_deadlines *deadlines = &transfer->deadlines;
    int64_t end = deadlines->connect == AK_NEVER ? now : deadlines->connect;
    return ak_error_set(err, AK_E_TIMEOUT, "no connection to %s within the connect timeout (%lld ms)",
                        transfer->client->settings.url, (long long)((end - deadlines->started) / NS_PER_MS));
}

static const char *libcurl_message(const ak_transfer *transfer) {
    return transfer->message[0] ? transfer->message : curl_easy_strerror(transfer->result);
}

/* libcurl's message would name a host and port that are not in the base URL. */
static ak_status explain_unix_socket(const ak_transfer *transfer, ak_error *err) {
    long reason = 0;
    curl_easy_getinfo(ak_connection_handle(transfer->connection), CURLINFO_OS_ERRNO, &reason);
    return ak_error_set(err, AK_E_CONNECT, "cannot connect to unix://%s%s%s", transfer->client->settings.unix_socket,
                        reason ? ": " : "", reason ? strerror((int)reason) : "");
}

/* Adds which certificates were trusted. */
static ak_status explain_tls(const ak_transfer *transfer, ak_error *err) {
    const ak_settings *settings = &transfer->client->settings;
    CURL *easy = ak_connection_handle(transfer->connection);
    ak_trust trust = ak_settings_trust(settings);
    if (!trust.file && !trust.dir) {
        if (ak_trust_is_needed()) {
            return ak_error_set(err, AK_E_TLS,
                                "%s (no certificates of this system were found: install its package ca-certificates, "
                                "or set ca_file)",
                                libcurl_message(transfer));
        }
        curl_easy_getinfo(easy, CURLINFO_CAINFO, &trust.file);
        curl_easy_getinfo(easy, CURLINFO_CAPATH, &trust.dir);
    }
    return ak_error_set(err, AK_E_TLS, "%s (trusting %s%s%s)", libcurl_message(transfer), trust.file ? trust.file : "",
                        trust.file && trust.dir ? " and " : "", trust.dir ? trust.dir : "");
}

static ak_status explain(const ak_transfer *transfer, ak_status code, ak_error *err) {
    const ak_settings *settings = &transfer->client->settings;
    switch (code) {
    case AK_E_TIMEOUT:
        if (!transfer->connected) { /* libcurl's timeout came before ours */
            return ak_transfer_connect_timeout(transfer, ak_now(), err);
        }
        break;
    case AK_E_CONNECT:
        if (settings->unix_socket) {
            return explain_unix_socket(transfer, err);
        }
        if (!settings->text[AK_CLIENT_BASE_URL] && !settings->text[AK_CLIENT_PROXY]) { /* the first thing one meets */
            return ak_error_set(err, code, "%s; start agentkernel-local, or set the base URL to \"local:\"",
                                libcurl_message(transfer));
        }
        break;
    case AK_E_TLS:
        return explain_tls(transfer, err);
    default:
        break;
    }
    return ak_error_set(err, code, "%s", libcurl_message(transfer));
}

ak_status ak_transfer_error(ak_transfer *transfer, ak_error *err) {
    const ak_settings *settings = &transfer->client->settings;
    CURLcode result = transfer->result;
    if (transfer->reply->fault != AK_REPLY_SOUND) {
        return ak_reply_fault_error(transfer->reply, err);
    }
    if (ak_transfer_lacks_descriptors(transfer)) {
        return ak_connection_descriptors_error(err);
    }
    if (result == CURLE_ABORTED_BY_CALLBACK) {
        return ak_error_set(err, AK_E_NETWORK,
                            "the kept-alive connection closed before an answer came; the request was not repeated");
    }
    bool in_head = transfer->connected && ak_reply_is_empty(transfer->reply);
    if (ak_head_is_too_large(result, transfer->message, in_head, err)) {
        return AK_E_TOO_LARGE;
    }
    ak_status code = meaning(result);
    if (settings->local) {
        bool served = true;
        ak_status why = ak_local_explain(settings->local, code, &served, err);
        transfer->connected = transfer->connected && served; /* the server never accepted: nothing can have run */
        if (why != AK_OK) {
            return why;
        }
    }
    return explain(transfer, code, err);
}

static bool is_sending(const ak_transfer *transfer) {
    const ak_request *request = transfer->request;
    curl_off_t sent = 0;
    curl_easy_getinfo(ak_connection_handle(transfer->connection), CURLINFO_SIZE_UPLOAD_T, &sent);
    return request->uploads ? !request->upload.ended || request->upload.out.len : (uint64_t)sent < request->body_len;
}

static const char *phase_of(const ak_transfer *transfer) {
    if (!transfer->connection) {
        return "bind";
    }
    if (!transfer->connected) {
        bool resolves = transfer->client->settings.resolves && !ak_connection_knows_address(transfer->connection);
        return resolves ? "resolve" : "connect";
    }
    if (transfer->reply->head.status) {
        return transfer->ended && transfer->result == CURLE_OK ? "decode" : "receive";
    }
    return is_sending(transfer) ? "send" : "wait";
}

void ak_transfer_locate(const ak_transfer *transfer, ak_error *err) {
    long status = transfer->reply->head.status;
    err->operation = transfer->request->operation->name;
    err->phase = phase_of(transfer);
    err->http_status = (int32_t)status;
    err->libcurl = (int32_t)transfer->result;
    err->sent = status ? AK_SENT_ANSWERED : transfer->connected ? AK_SENT_SOME : AK_SENT_NOTHING;
}
