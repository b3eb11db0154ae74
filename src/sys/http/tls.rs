//! TLS connections for HTTP, and why one fails, in words.

use std::io::{Read, Write};
use std::sync::{Arc, OnceLock};

use nix::errno::Errno;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, ClientConfig, ClientConnection, InvalidMessage, StreamOwned};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

use super::transport::wrap;
use super::trust::{Trust, is_self_signed};
use crate::sys::Error;

/// Wraps a connection in TLS if the URL says https. A proxy's connection can be wrapped twice.
pub struct Tls {
    trust: Trust,
    /// Created when it is first used: a bundle of authorities takes milliseconds.
    config: OnceLock<Arc<ClientConfig>>,
}

impl Tls {
    /// A connector that has read no file yet.
    pub fn new(trust: Trust) -> Tls {
        Tls { trust, config: OnceLock::new() }
    }

    fn config(&self) -> crate::sys::Result<Arc<ClientConfig>> {
        if let Some(config) = self.config.get() {
            return Ok(config.clone());
        }
        let config = self.trust.config()?;
        Ok(self.config.get_or_init(|| config).clone())
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

impl<In: Transport> Connector<In> for Tls {
    type Out = Either<In, Encrypted>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, ureq::Error> {
        let Some(transport) = chained else { return Ok(None) };
        if !details.needs_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let host = details.uri.host().unwrap_or_default();
        let name = ServerName::try_from(host.trim_start_matches('[').trim_end_matches(']').to_owned());
        let name = name.map_err(|_| {
            wrap(Error::new(Errno::EINVAL).with_path(host).with_detail("it is neither a host name nor an address"))
        })?;
        let mut connection = ClientConnection::new(self.config().map_err(wrap)?, name).map_err(|e| wrap(error(&e)))?;
        let mut socket = TransportAdapter::new(transport.boxed(), details.current_time.clone());
        socket.set_timeout(details.timeout);
        connection.complete_io(&mut socket)?;
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Either::B(Encrypted { buffers, stream: StreamOwned::new(connection, socket) })))
    }
}

/// A connection with TLS.
pub struct Encrypted {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl std::fmt::Debug for Encrypted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encrypted").field("over", &self.stream.sock.inner()).finish()
    }
}

impl Transport for Encrypted {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.sock.set_timeout(timeout);
        self.stream.write_all(&self.buffers.output()[..amount])?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.sock.set_timeout(timeout);
        let read = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(read);
        Ok(read > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

/// A failure of TLS.
pub fn error(error: &rustls::Error) -> Error {
    use CertificateError as C;
    let (errno, detail) = match error {
        rustls::Error::InvalidCertificate(C::Expired | C::ExpiredContext { .. }) => {
            (Errno::EKEYEXPIRED, "the server's certificate has expired".to_owned())
        }
        rustls::Error::InvalidCertificate(C::NotValidYet | C::NotValidYetContext { .. }) => {
            (Errno::EKEYREJECTED, "the server's certificate is not valid yet; check the clock of this host".to_owned())
        }
        rustls::Error::InvalidCertificate(C::UnknownIssuer) => {
            (Errno::EKEYREJECTED, "the server's certificate is from an unknown authority".to_owned())
        }
        rustls::Error::InvalidCertificate(C::NotValidForName | C::NotValidForNameContext { .. }) => {
            (Errno::EKEYREJECTED, "the server's certificate is for another name".to_owned())
        }
        rustls::Error::InvalidCertificate(other) if is_self_signed(other) => {
            (Errno::EKEYREJECTED, "the server's certificate is self-signed".to_owned())
        }
        rustls::Error::InvalidCertificate(other) => {
            (Errno::EKEYREJECTED, format!("the server's certificate is not accepted: {other}"))
        }
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            (Errno::EPROTO, "the server does not use TLS on this port".to_owned())
        }
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            (Errno::EACCES, "the server requires a client certificate".to_owned())
        }
        rustls::Error::AlertReceived(alert) => {
            (Errno::EPROTO, format!("the server refuses the TLS connection: {alert:?}"))
        }
        other => (Errno::EPROTO, format!("TLS fails: {other}")),
    };
    Error::new(errno).with_detail(detail)
}
