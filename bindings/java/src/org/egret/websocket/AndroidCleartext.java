package org.egret.websocket;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import org.jetbrains.annotations.NotNull;
import org.jetbrains.annotations.Nullable;

/**
 * Android's policy, {@code android.security.NetworkSecurityPolicy}: for each host from API 24 on, for all hosts in API 23.
 * Older versions have no policy. It is called by its names, because these classes are also compiled for desktops.
 */
final class AndroidCleartext implements CleartextPolicy {
    /** The default policy of a loop. */
    static final CleartextPolicy DEFAULT = TlsPlatform.IS_ANDROID ? new AndroidCleartext() : null;

    @Override
    public boolean isCleartextPermitted(@Nullable String host) {
        try {
            Class<?> type = Class.forName("android.security.NetworkSecurityPolicy");
            Object policy = type.getMethod("getInstance").invoke(null);
            Method forHost = host == null ? null : forHost(type);
            Object answer = forHost != null ? forHost.invoke(policy, host) : type.getMethod("isCleartextTrafficPermitted").invoke(policy);
            return (Boolean) answer;
        } catch (InvocationTargetException refused) {
            return false; // the policy exists, but has no answer
        } catch (ReflectiveOperationException missing) {
            return true;
        }
    }

    private static @Nullable Method forHost(@NotNull Class<?> type) {
        try {
            return type.getMethod("isCleartextTrafficPermitted", String.class);
        } catch (NoSuchMethodException missing) {
            return null;
        }
    }
}
