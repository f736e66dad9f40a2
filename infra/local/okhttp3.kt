// The parts of OkHttp 5 that a generated client uses, as signatures without effect. Clients are compiled with them (clients.py), because
// OkHttp itself is only in Maven repositories.
@file:Suppress("unused", "UNUSED_PARAMETER", "FunctionName")

package okhttp3

import java.io.Closeable
import java.io.File
import java.io.InputStream

class MediaType {
    companion object {
        fun String.toMediaTypeOrNull(): MediaType? = null
    }
}

open class RequestBody {
    companion object {
        fun ByteArray.toRequestBody(type: MediaType? = null) = RequestBody()
        fun String.toRequestBody(type: MediaType? = null) = RequestBody()
        fun File.asRequestBody(type: MediaType? = null) = RequestBody()
    }
}

class FormBody {
    class Builder {
        fun add(name: String, value: String) = this
        fun build() = RequestBody()
    }
}

class MultipartBody {
    class Builder {
        fun setType(type: MediaType) = this
        fun addPart(headers: Headers?, body: RequestBody) = this
        fun build() = RequestBody()
    }
    companion object {
        val FORM = MediaType()
    }
}

class Headers {
    fun toMultimap(): Map<String, List<String>> = emptyMap()
    class Builder {
        fun add(name: String, value: String) = this
        fun build() = Headers()
    }
    companion object {
        fun Map<String, String>.toHeaders() = Headers()
    }
}

class HttpUrl {
    val encodedPathSegments = emptyList<String>()
    fun newBuilder() = Builder()
    class Builder {
        fun scheme(scheme: String) = this
        fun host(host: String) = this
        fun addEncodedPathSegments(segments: String) = this
        fun addPathSegment(segment: String) = this
        fun addQueryParameter(name: String, value: String?) = this
        fun build() = HttpUrl()
    }
    companion object {
        fun String.toHttpUrlOrNull(): HttpUrl? = null
    }
}

class Request {
    class Builder {
        fun url(url: HttpUrl) = this
        fun headers(headers: Headers) = this
        fun head() = this
        fun method(name: String, body: RequestBody?) = this
        fun delete(body: RequestBody?) = this
        fun patch(body: RequestBody) = this
        fun post(body: RequestBody) = this
        fun put(body: RequestBody) = this
        fun build() = Request()
    }
}

class ResponseBody {
    fun string() = ""
    fun bytes() = ByteArray(0)
    fun byteStream(): InputStream = bytes().inputStream()
}

class Response(val code: Int, val message: String, val headers: Headers, val body: ResponseBody?) : Closeable {
    val isRedirect = false
    val isSuccessful = false
    fun header(name: String): String? = null
    override fun close() = Unit
}

interface Callback

interface Call {
    fun execute(): Response
    fun interface Factory {
        fun newCall(request: Request): Call
    }
}

abstract class OkHttpClient : Call.Factory {
    class Builder {
        fun build(): OkHttpClient = TODO()
    }
}
