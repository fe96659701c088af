package org.egret.websocket.android;

import android.content.Context;
import android.security.KeyChain;
import android.security.KeyChainException;
import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

/**
 * A client certificate of Android's {@link KeyChain}. Pass it to {@code PlatformTls.Builder.keyManager}. The alias is that of
 * {@code KeyChain.choosePrivateKeyAlias}. When a server requests a certificate for the first time, the key and its certificates are
 * read, on a thread of the loop, and kept. If they cannot be read, for example because the user has revoked the permission, the
 * connection fails with the reason.
 */
public final class KeyChainIdentity extends X509ExtendedKeyManager {
    private final Context context;
    private final String alias;
    private PrivateKey key;
    private X509Certificate[] chain;

    /** Uses the certificate with this alias. */
    public KeyChainIdentity(@NotNull Context context, @NotNull String alias) {
        this.context = context.getApplicationContext();
        this.alias = alias;
    }

    /** Blocks while the system looks up the key. */
    private synchronized PrivateKey read() {
        if (key != null) return key;
        try {
            PrivateKey found = KeyChain.getPrivateKey(context, alias);
            chain = KeyChain.getCertificateChain(context, alias);
            if (found == null || chain == null || chain.length == 0)
                throw new IllegalStateException("KeyChain has no key \"" + alias + "\" for this app");
            return key = found;
        } catch (KeyChainException refused) {
            throw new IllegalStateException("KeyChain refuses the key \"" + alias + "\": " + refused.getMessage(), refused);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(stopped);
        }
    }

    @Override
    public @Nullable String chooseEngineClientAlias(@NotNull String[] keyTypes, @Nullable Principal[] issuers, @Nullable SSLEngine engine) {
        String algorithm = read().getAlgorithm();
        for (String type : keyTypes)
            if (type.equals(algorithm) || type.startsWith(algorithm + "_")) return alias;
        return null;
    }

    @Override
    public @Nullable String chooseClientAlias(@NotNull String[] keyTypes, @Nullable Principal[] issuers, @Nullable Socket socket) {
        return chooseEngineClientAlias(keyTypes, issuers, null);
    }

    @Override
    public @Nullable X509Certificate[] getCertificateChain(@NotNull String name) {
        read();
        return chain.clone();
    }

    @Override
    public @Nullable PrivateKey getPrivateKey(@NotNull String name) {
        return read();
    }

    @Override
    public @Nullable String[] getClientAliases(@NotNull String keyType, @Nullable Principal[] issuers) {
        return new String[] {alias};
    }

    @Override
    public @Nullable String[] getServerAliases(@NotNull String keyType, @Nullable Principal[] issuers) {
        return null;
    }

    @Override
    public @Nullable String chooseServerAlias(@NotNull String keyType, @Nullable Principal[] issuers, @Nullable Socket socket) {
        return null;
    }
}
